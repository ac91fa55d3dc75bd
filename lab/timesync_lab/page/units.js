// SPDX-License-Identifier: BSD-3-Clause
// Amounts of time for people.

import { decimal } from "./words.js";

const UNITS = [["ns", 1e-9], ["µs", 1e-6], ["ms", 1e-3], ["s", 1], ["min", 60]];

// [the factor from seconds, the name] of the unit that suits amounts of up to `most`.
export function unitFor(most) {
	for (const [name, factor] of UNITS) {
		if (most < factor * (name === "s" ? 600 : 999.5)) {
			return [factor, name];
		}
	}
	return [3600, "h"];
}

// "1.23 ms", and with a sign "+1.23 ms"; "–" if it is not known.
export function time(seconds, signed = false) {
	if (seconds === null || seconds === undefined) {
		return "–";
	}
	const [factor, name] = unitFor(Math.abs(seconds));
	const number = seconds / factor;
	const size = Math.abs(Number(number.toPrecision(3)));
	const digits = size >= 100 || size === 0 ? 0 : size >= 10 ? 1 : 2;
	const sign = signed && number > 0 ? "+" : "";
	return decimal(`${sign}${number.toFixed(digits)}`).replace("-", "−") + ` ${name}`;
}

export function ppm(rate) {
	return decimal(`${rate > 0 ? "+" : ""}${Number(rate.toFixed(1))} ppm`).replace("-", "−");
}
