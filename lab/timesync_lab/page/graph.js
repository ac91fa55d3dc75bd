// SPDX-License-Identifier: BSD-3-Clause
// The error of every clock over the last seconds, with who leads below.

import { colour, draw } from "./dom.js";
import { unitFor } from "./units.js";
import { decimal, t } from "./words.js";

const LEFT = 66;
const RIGHT = 10;
const TOP = 8;
const STRIP = 24;
const BELOW = 42 + STRIP;
const MOST_POINTS = 400;

// Fewer points, with the least and the largest of each stretch kept.
export function thinned(points) {
	if (points.length <= MOST_POINTS) {
		return points;
	}
	const width = 2 * points.length / MOST_POINTS;
	const kept = [];
	for (let n = 0; n < MOST_POINTS / 2; n++) {
		const part = points.slice(Math.floor(n * width), Math.floor((n + 1) * width));
		const ordered = [...part].sort((a, b) => a[1] - b[1]);
		kept.push(...[ordered[0], ordered[ordered.length - 1]].sort((a, b) => a[0] - b[0]));
	}
	return kept;
}

// A number of 1, 2 or 5 times a power of ten that divides `span` into at most `most` parts.
function step(span, most) {
	const raw = span / most;
	const power = 10 ** Math.floor(Math.log10(raw));
	return power * [1, 2, 5, 10].find((n) => n * power >= raw * 0.999);
}

const least = (values) => values.reduce((a, b) => Math.min(a, b), 0);
const largest = (values) => values.reduce((a, b) => Math.max(a, b), 0);

function linear(values) {
	const low = least(values);
	const high = largest(values);
	const room = Math.max(high - low, 2e-6) * 0.05;
	const [from, to] = [low - room, high + room];
	const [factor, name] = unitFor(Math.max(-from, to));
	const by = step((to - from) / factor, 6) * factor;
	const ticks = [];
	for (let n = Math.ceil(from / by); n * by <= to; n++) {
		ticks.push([n * by, n * by]);
	}
	const digits = Math.max(0, -Math.floor(Math.log10(by / factor) + 1e-9));
	const label = (v) => decimal(`${(v / factor).toFixed(digits)} ${name}`).replace(/^-(?=.*[1-9])/, "−");
	return { place: (v) => v, from, to, ticks: ticks.map(([v, at]) => [label(v), at]) };
}

// A power of ten, at most in seconds: "100 µs", "1000 s".
function decade(seconds) {
	const [factor, name] = unitFor(Math.min(seconds, 1));
	return `${Number((seconds / factor).toPrecision(1))} ${name}`;
}

// Logarithmic both ways from a linear part around 0: for errors of many sizes.
function symlog(values) {
	const sizes = values.map(Math.abs).filter((v) => v > 0).sort((a, b) => a - b);
	const most = sizes[sizes.length - 1];
	const small = Math.max(sizes[Math.floor(sizes.length / 4)], most * 1e-8, 1e-6);
	const core = 10 ** Math.floor(Math.log10(small));
	const place = (v) => Math.sign(v) * Math.log10(1 + Math.abs(v) / core);
	const decades = Math.ceil(Math.log10(most / core));
	const by = Math.max(1, Math.ceil(decades / 4));
	const ticks = [["0", 0]];
	const negative = least(values) < 0;
	for (let k = decades; k >= 0 && place(core * 10 ** k) > 0.15 * place(most); k -= by) {
		const value = core * 10 ** k;
		ticks.push([decade(value), place(value)]);
		if (negative) {
			ticks.push([`−${decade(value)}`, place(-value)]);
		}
	}
	const edge = place(most) * 1.05;
	const shown = ticks.filter(([, at]) => Math.abs(at) <= edge);
	return { place, from: negative ? -edge : -0.05 * edge, to: edge, ticks: shown };
}

// Linear, unless a few large errors would flatten all others.
function axisFor(values) {
	const sizes = values.map(Math.abs).sort((a, b) => a - b);
	const usual = sizes[Math.floor(sizes.length / 2)] || 0;
	return sizes.length && sizes[sizes.length - 1] > 30 * Math.max(usual, 1e-7)
		? symlog(values) : linear(values);
}

// {name: points} of the samples from a time on, against the truth or the median of all.
function pointsOf(data, names, from, against) {
	const start = data.times.findIndex((at) => at >= from);
	const points = new Map(names.map((name) => [name, []]));
	for (let i = Math.max(0, start); start >= 0 && i < data.times.length; i++) {
		const errors = names.map((name) => data.errors[name][i]);
		const middle = against === "median"
			? [...errors].sort((a, b) => a - b)[Math.floor(errors.length / 2)] : 0;
		names.forEach((name, n) => points.get(name).push([data.times[i], errors[n] - middle]));
	}
	return points;
}

class Frame {
	constructor(svg) {
		this.width = svg.clientWidth || 600;
		this.height = svg.clientHeight || 330;
		svg.setAttribute("viewBox", `0 0 ${this.width} ${this.height}`);
	}

	scale(from, to, axis) {
		Object.assign(this, { from, to, axis });
	}

	x(at) {
		return LEFT + (at - this.from) / (this.to - this.from) * (this.width - LEFT - RIGHT);
	}

	y(value) {
		const { from, to, place } = this.axis;
		return this.height - BELOW - (place(value) - from) / (to - from) * this.depth;
	}

	get depth() {
		return this.height - BELOW - TOP;
	}

	path(points) {
		return points.map(([at, v]) => `${this.x(at).toFixed(1)},${this.y(v).toFixed(1)}`).join(" ");
	}
}

function grid(f) {
	const parts = [];
	for (const [label, at] of f.axis.ticks) {
		const y = f.height - BELOW - (at - f.axis.from) / (f.axis.to - f.axis.from) * f.depth;
		parts.push(draw("line", { class: at === 0 ? "zero" : "grid", x1: LEFT, x2: f.width - RIGHT,
			y1: y, y2: y }),
		draw("text", { x: LEFT - 6, y: y + 4, "text-anchor": "end", "font-size": 12 }, label));
	}
	const by = step(f.to - f.from, f.width < 500 ? 4 : 6);
	for (let n = Math.ceil(Math.max(0, f.from) / by); n * by <= f.to; n++) {
		const x = f.x(n * by);
		parts.push(draw("line", { class: "grid", x1: x, x2: x, y1: TOP, y2: f.height - BELOW }),
			draw("text", { x, y: f.height - 24, "text-anchor": "middle", "font-size": 12 },
				`${n * by}`));
	}
	parts.push(draw("text", { x: (LEFT + f.width - RIGHT) / 2, y: f.height - 6,
		"text-anchor": "middle", "font-size": 12 }, t("time since the start (s)")));
	return parts;
}

function lines(f, names, points) {
	return names.map((name, n) => draw("polyline", { class: "line", "data-node": name,
		stroke: colour(n), "stroke-dasharray": n < 8 ? "none" : "6 3",
		points: f.path(thinned(points.get(name))) }));
}

// Names at the ends of the lines, moved apart where they would overlap.
function labels(f, names, points) {
	const ends = names.map((name, n) => [name, n, points.get(name).at(-1)])
		.filter(([, , last]) => last).map(([name, n, last]) => [name, n, f.y(last[1])])
		.sort((a, b) => a[2] - b[2]);
	let above = -Infinity;
	return ends.map(([name, n, y]) => {
		above = Math.max(y - 4, above + 13);
		return draw("text", { x: f.width - RIGHT - 3, y: above, "text-anchor": "end", "font-size": 12,
			"font-weight": 700, fill: colour(n), class: "end" }, name);
	});
}

function bands(f, nodes, claims, from) {
	return nodes.flatMap((node, n) => {
		const claimed = (claims.get(node.name) || []).filter(([at]) => at >= from);
		if (claimed.length < 2) {
			return [];
		}
		const upper = claimed.map(([at, bound]) => [at, bound]);
		const lower = claimed.map(([at, bound]) => [at, -bound]).reverse();
		return [draw("polygon", { class: "band", fill: colour(n), points: f.path([...upper, ...lower]) })];
	});
}

function marks(f, events) {
	return events.filter((e) => e.at > f.from).map((e) => draw("line", { class: "mark",
		x1: f.x(e.at), x2: f.x(e.at), y1: TOP, y2: f.height - BELOW + STRIP }));
}

// Who leads, as most of those who run see it.
function strip(f, leads, names) {
	const top = f.height - BELOW + 5;
	return leads.flatMap(([at, leader, term], i) => {
		const until = i + 1 < leads.length ? leads[i + 1][0] : f.to;
		const [x1, x2] = [f.x(Math.max(at, f.from)), f.x(until)];
		if (until <= f.from || !leader || x2 <= x1) {
			return [];
		}
		const n = names.indexOf(leader);
		const parts = [draw("rect", { x: x1, y: top + STRIP - 8, width: x2 - x1, height: 5,
			fill: colour(n), "data-leader": leader })];
		const words = t("{0}, term {1}", leader, term);
		if (x2 - x1 > 7 * words.length) {
			parts.push(draw("text", { class: "strip-text", x: x1 + 2, y: top + 12 }, words));
		}
		return parts;
	});
}

export function drawErrors(svg, data, nodes, options) {
	const frame = new Frame(svg);
	const names = nodes.map((node) => node.name);
	const to = data.times.at(-1) ?? 0;
	const from = Math.max(0, to - options.window);
	const points = pointsOf(data, names, from, options.against);
	const claims = options.against === "truth" ? data.claims : new Map();
	const values = [...points.values()].flatMap((ps) => ps.map(([, v]) => v));
	if (!values.length || to <= from) {
		return;
	}
	frame.scale(from, to, axisFor(values));
	svg.replaceChildren(...grid(frame), ...bands(frame, nodes, claims, from),
		...marks(frame, data.events), ...lines(frame, names, points), ...labels(frame, names, points),
		...strip(frame, data.leads, names));
}
