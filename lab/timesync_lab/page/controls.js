// SPDX-License-Identifier: BSD-3-Clause
// What one can change: each function that is passed in does it at once, in the experiment.

import { $, make, say, set } from "./dom.js";
import { wayText } from "./map.js";
import { ppm } from "./units.js";
import { decimal, t } from "./words.js";

const DEEDS = { kill: "Kill", freeze: "Freeze", thaw: "Thaw", restart: "Restart", leave: "Leave",
	join: "Join" };
const SLIDERS = ["delay", "asymmetry", "jitter", "loss"];
const MS = 1e3;

// Fill a select with names, unless it has these already.
export function choices(select, values, words = (v) => v) {
	const before = [...select.options].map((option) => option.value);
	if (before.length !== values.length || values.some((v, i) => v !== before[i])) {
		const chosen = select.value;
		select.replaceChildren(...values.map((v) => make("option", { value: v }, words(v))));
		select.value = values.includes(chosen) ? chosen : values[0];
	}
}

// A button that stays where the keyboard is while it cannot be used.
export function button(text, action) {
	const made = make("button", { type: "button" }, text);
	made.addEventListener("click", () => {
		if (made.getAttribute("aria-disabled") !== "true") {
			action();
		}
	});
	return made;
}

// The chosen clock: what can be done to it and its program.
export class NodePanel {
	constructor(names, act, picked) {
		this.act = act;
		choices($("node"), names);
		$("node").addEventListener("change", () => picked($("node").value));
		this.deeds = Object.entries(DEEDS).map(([deed, word]) => {
			const made = button(t(word), () => act([{ do: deed, node: this.name }]));
			made.dataset.do = deed;
			return [deed, made];
		});
		$("deeds").append(...this.deeds.map(([, made]) => made));
		$("drift").addEventListener("input", () => this.showDrift());
		$("drift").addEventListener("change",
			() => act([{ do: "drift", node: this.name, to: Number($("drift").value) }]));
		const step = () => act([{ do: "step", node: this.name, by: $("step").value.trim() }]);
		$("step-do").addEventListener("click", step);
		$("step").addEventListener("keydown", (event) => event.key === "Enter" && step());
	}

	get name() {
		return $("node").value;
	}

	choose(name) {
		$("node").value = name;
	}

	showDrift() {
		say($("drift-shown"), ppm(Number($("drift").value)));
	}

	update(nodes) {
		const node = nodes.find((one) => one.name === this.name);
		for (const [deed, made] of this.deeds) {
			set(made, "aria-disabled", !node.possible.includes(deed));
			made.hidden = node.role !== "member" && (deed === "leave" || deed === "join");
		}
		$("deeds").hidden = node.role === "client";
		if (document.activeElement !== $("drift")) {
			$("drift").value = node.drift;
			say($("drift-shown"), ppm(node.drift));
		}
	}
}

// The chosen link, or all.
export class LinkPanel {
	constructor(act, picked) {
		this.act = act;
		$("link").addEventListener("change", () => picked($("link").value));
		for (const id of SLIDERS) {
			$(id).addEventListener("input", () => this.show());
			$(id).addEventListener("change", () => this.send());
		}
	}

	get key() {
		return $("link").value;
	}

	get link() {
		return this.links.find((link) => `${link.a} ${link.b}` === this.key);
	}

	choose(key) {
		$("link").value = key;
		this.fill();
	}

	values() {
		const value = Object.fromEntries(SLIDERS.map((id) => [id, Number($(id).value)]));
		// Neither way can be shorter than 0.
		const most = 2 * value.delay;
		return { ...value, asymmetry: Math.max(-most, Math.min(most, value.asymmetry)) };
	}

	show() {
		const { delay, asymmetry, jitter, loss } = this.values();
		say($("delay-shown"), decimal(`${delay} ms`));
		say($("asymmetry-shown"), decimal(`${asymmetry > 0 ? "+" : ""}${asymmetry} ms`).replace("-", "−"));
		say($("jitter-shown"), decimal(`± ${jitter} ms`));
		say($("loss-shown"), `${loss} %`);
		$("asymmetry").disabled = this.key === "all";
	}

	// Half of the asymmetry is added to the way there, and taken from the way back.
	send() {
		const { delay, asymmetry, jitter, loss } = this.values();
		const before = this.link ?? this.links[0];
		const rules = (way, plain) => ({
			delay: jitter ? `normal:${plain}ms,${jitter}ms` : `${plain}ms`, loss,
			duplicate: way.duplicate, reorder: way.reorder,
		});
		if (this.key === "all" || asymmetry === 0) {
			const between = this.key === "all" ? "*" : [before.a, before.b];
			this.act([{ do: "link", between, ...rules(before.there, delay) }]);
			return;
		}
		const { a, b } = before;
		this.act([
			{ do: "link", from: a, to: b, ...rules(before.there, delay + asymmetry / 2) },
			{ do: "link", from: b, to: a, ...rules(before.back, delay - asymmetry / 2) },
		]);
	}

	// Set the sliders to what holds now, but not those that somebody is at.
	fill() {
		const link = this.link ?? this.links[0];
		if (!link || SLIDERS.some((id) => $(id) === document.activeElement)) {
			return;
		}
		const [there, back] = [link.there, link.back].map((way) => (way.delay ?? 0) * MS);
		$("delay").value = (there + back) / 2;
		$("asymmetry").value = this.key === "all" ? 0 : there - back;
		$("jitter").value = (link.there.jitter ?? 0) * MS;
		$("loss").value = link.there.loss;
		this.show();
	}

	update(links) {
		this.links = links;
		const keys = links.map((link) => `${link.a} ${link.b}`);
		choices($("link"), ["all", ...keys],
			(key) => (key === "all" ? t("all links") : key.replace(" ", " – ")));
		say($("link-now"), this.link ? t("{0} to {1}: {2}; {1} to {0}: {3}", this.link.a, this.link.b,
			wayText(this.link.there), wayText(this.link.back)) : "");
		this.fill();
	}
}

// Parting the network, and healing it.
export class PartPanel {
	constructor(names, act, complain) {
		this.boxes = names.map((name) => make("input", { type: "checkbox", value: name }));
		$("sides").append(...this.boxes.map((box) => make("label", {}, box, box.value)));
		$("part").addEventListener("click", () => {
			const side = this.boxes.filter((box) => box.checked).map((box) => box.value);
			if (side.length === 0 || side.length === names.length) {
				complain(t("Choose the clocks on one side; the others are on the other side."));
			} else {
				act([{ do: "part", sides: [side, ["rest"]] }]);
			}
		});
		$("heal").replaceWith(this.heal = button(t("Heal"), () => act([{ do: "heal" }])));
		this.heal.id = "heal";
	}

	update(parted) {
		set(this.heal, "aria-disabled", !parted);
	}
}
