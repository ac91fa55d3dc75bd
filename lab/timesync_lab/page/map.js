// SPDX-License-Identifier: BSD-3-Clause
// The clocks in a circle, and the links between them.

import { colour, draw, say, set } from "./dom.js";
import { time } from "./units.js";
import { t } from "./words.js";

const SIZE = 400;
const SMALL = 33; // the radius of a clock that has no room for two words beside others
const MOST_LABELS = 10;

// One way of a link in words.
export function wayText(way) {
	const delay = way.delay === null ? way.other : time(way.delay);
	const jitter = way.jitter ? ` ± ${time(way.jitter)}` : "";
	return `${delay}${jitter}${way.loss ? `, ${t("{0} % lost", way.loss)}` : ""}`;
}

// A link in a few characters.
function linkLabel(link) {
	const { there, back } = link;
	if (there.parted) {
		return t("parted");
	}
	const delays = [there, back].map((w) => (w.delay === null ? "…" : time(w.delay)));
	const loss = Math.max(there.loss, back.loss);
	return (delays[0] === delays[1] ? delays[0] : delays.join(" / ")) + (loss ? ` ${loss} %` : "");
}

// What a clock's program does, in words.
export function program(node) {
	if (node.role === "client") {
		return t("a client");
	}
	if (node.state !== "running") {
		return t(node.state);
	}
	if (node.role === "server") {
		return t("serves");
	}
	if (node.following === node.name) {
		return t("leads, term {0}", node.term);
	}
	return node.following ? t("follows {0}, term {1}", node.following, node.term) : t("no leader");
}

class Clock {
	constructor(node, number, x, y, radius, pick) {
		this.radius = radius;
		this.small = radius < SMALL;
		const hand = (width) => draw("line", { class: "hand", x1: 0, y1: 0, "stroke-width": width });
		this.hands = [hand(radius / 9), hand(radius / 13), hand(1.2)];
		this.rim = draw("circle", { class: "rim", r: radius });
		this.name = draw("text", { class: "name", y: radius + 16, "font-size": 14 }, node.name);
		this.value = draw("text", { y: radius + 31, "font-size": 13 });
		this.group = draw("g", {
			class: "clock", role: "button", tabindex: 0, "aria-pressed": false, "data-node": node.name,
			transform: `translate(${x} ${y})`, color: colour(number),
		},
		draw("circle", { class: "chosen", r: radius + 7 }),
		draw("circle", { class: "face", r: radius }), this.rim, ...this.ticks(), ...this.hands,
		this.name, this.value);
		this.group.addEventListener("click", () => pick(node.name));
		this.group.addEventListener("keydown", (event) => {
			if (event.key === "Enter" || event.key === " ") {
				event.preventDefault();
				pick(node.name);
			}
		});
	}

	ticks() {
		return [0, 90, 180, 270].map((turn) => draw("line", {
			class: "hand", y1: -this.radius * 0.86, y2: -this.radius * 0.72, x1: 0, x2: 0,
			"stroke-width": 1.2, transform: `rotate(${turn})`,
		}));
	}

	update(node, chosen, leaderColour) {
		const s = node.shows;
		[[s / 43200, 0.5], [s / 3600, 0.72], [s / 60, 0.8]].forEach(([turns, length], i) => {
			const angle = 2 * Math.PI * (turns % 1);
			const r = this.radius * length;
			this.hands[i].setAttribute("x2", (r * Math.sin(angle)).toFixed(2));
			this.hands[i].setAttribute("y2", (-r * Math.cos(angle)).toFixed(2));
		});
		const runs = node.state === "running";
		const leads = runs && node.following === node.name;
		set(this.group, "class", runs ? "clock" : "clock off");
		set(this.group, "aria-pressed", chosen);
		set(this.group, "aria-label", t("clock {0}: {1}", node.name, program(node)));
		set(this.rim, "stroke", runs && leaderColour ? leaderColour : "var(--axis)");
		set(this.rim, "stroke-width", leads ? 7 : 3);
		const word = leads ? t("leads") : runs ? "" : t(node.state);
		const claim = node.claim === null ? "" : ` ± ${time(node.claim)}`;
		const error = `${time(node.error, true)}${claim}`;
		say(this.name, this.small ? node.name : `${node.name} ${word}`.trim());
		say(this.value, this.small && word ? word : error);
	}
}

export class NetworkMap {
	constructor(svg, nodes, pickNode, pickLink) {
		svg.setAttribute("viewBox", `-26 0 ${SIZE + 52} ${SIZE + 12}`);
		this.pickLink = pickLink;
		this.links = draw("g");
		this.lines = new Map();
		this.places = new Map();
		const many = nodes.length > 8;
		const orbit = nodes.length === 1 ? 0 : many ? 158 : 138;
		const radius = Math.min(36, 1.8 * orbit / nodes.length || 60);
		const first = nodes.length === 2 ? Math.PI : -Math.PI / 2;
		this.clocks = new Map(nodes.map((node, i) => {
			const angle = first + 2 * Math.PI * i / nodes.length;
			const x = SIZE / 2 + orbit * Math.cos(angle);
			const y = SIZE / 2 - 12 + orbit * Math.sin(angle);
			this.places.set(node.name, [x, y]);
			return [node.name, new Clock(node, i, x, y, radius, pickNode)];
		}));
		svg.replaceChildren(this.links, ...[...this.clocks.values()].map((c) => c.group));
	}

	// A pair has one line, with a wide one that cannot be seen for the pointer.
	line(link) {
		const key = `${link.a} ${link.b}`;
		if (!this.lines.has(key)) {
			const [[x1, y1], [x2, y2]] = [this.places.get(link.a), this.places.get(link.b)];
			const line = draw("line", { x1, y1, x2, y2 });
			const hit = draw("line", { class: "hit", x1, y1, x2, y2 });
			const text = draw("text", { class: "link-text", x: (x1 + x2) / 2, y: (y1 + y2) / 2 + 4 });
			hit.addEventListener("click", () => this.pickLink(key));
			this.links.append(line, hit, text);
			this.lines.set(key, { line, text });
		}
		return this.lines.get(key);
	}

	update(state, chosenNode, chosenLink) {
		const numbers = new Map([...this.clocks.keys()].map((name, i) => [name, i]));
		for (const link of state.links) {
			const { line, text } = this.line(link);
			const key = `${link.a} ${link.b}`;
			const lossy = link.there.loss || link.back.loss;
			set(line, "class", `link${link.there.parted ? " parted" : lossy ? " lossy" : ""}` +
				(chosenLink === key ? " chosen" : ""));
			say(text, state.links.length <= MOST_LABELS || chosenLink === key ? linkLabel(link) : "");
		}
		for (const node of state.nodes) {
			const leader = node.following ? colour(numbers.get(node.following)) : null;
			this.clocks.get(node.name).update(node, node.name === chosenNode, leader);
		}
	}
}
