// SPDX-License-Identifier: BSD-3-Clause
// The page of an experiment: asks for its state four times a second, shows it, and sends what the
// user does. Everything that is shown was read from real clocks and programs.

import { button, choices, LinkPanel, NodePanel, PartPanel } from "./controls.js";
import { $, make, row, say, set } from "./dom.js";
import { drawErrors } from "./graph.js";
import { NetworkMap, program } from "./map.js";
import { time } from "./units.js";
import { decimal, deed, t, translatePage } from "./words.js";

const EVERY_MS = 250;
const KEPT_S = 310;
const GIVE_UP_AFTER = 8; // polls without an answer

const data = { times: [], errors: {}, events: [], leads: [], claims: new Map(), event: 0 };
let about;
let map;
let panels;
let silent = 0;
let leaderTold = null;

async function ask(name, content) {
	const options = content === undefined ? {} : { method: "POST", body: JSON.stringify(content) };
	const answer = await fetch(name, { cache: "no-store", ...options });
	const said = await answer.json();
	if (!answer.ok) {
		throw new Error(said.error ?? t("the experiment answers {0}", answer.status));
	}
	return said;
}

function complain(text) {
	$("problem").hidden = !text;
	say($("problem"), text);
}

async function act(content) {
	complain("");
	try {
		const { done } = await ask("do", content);
		say($("told"), t("Done: {0}.", done.map(deed).join("; ")));
	} catch (error) {
		complain(t("Not done: {0}", error.message));
	}
}

// --- what was received ---

function keep(state) {
	for (const [name, errors] of Object.entries(state.errors)) {
		data.errors[name] = [...(data.errors[name] ?? []), ...errors];
	}
	data.times.push(...state.times);
	const old = data.times.findIndex((at) => at > state.now - KEPT_S);
	if (old > 0) {
		data.times.splice(0, old);
		Object.values(data.errors).forEach((errors) => errors.splice(0, old));
	}
	// The last one may have been replaced by a later one of the same link.
	data.events = [...data.events.slice(0, Math.max(0, data.event - 1)), ...state.events];
	data.event = state.event;
	data.leads = state.leads;
	for (const node of state.nodes) {
		const claims = data.claims.get(node.name) ?? [];
		if (node.claim !== null) {
			claims.push([state.now, node.claim]);
		}
		data.claims.set(node.name, claims.filter(([at]) => at > state.now - KEPT_S));
	}
}

// --- what is shown ---

function heading(state) {
	const words = [`${state.now.toFixed(0)} s`];
	if (about.group) {
		words.unshift(state.leader ? t("{0} leads in term {1}", state.leader, state.term) : t("no leader"));
		const { spread_s: spread, trouble } = state.view;
		const said = trouble ? "The leader measures {0} between the clocks, and says: {1}." :
			"The leader measures {0} between the clocks.";
		say($("view"), spread === undefined || spread === null ? "" : t(said, time(spread), trouble));
	}
	if (state.parted) {
		words.push(t("the network is parted"));
	}
	say($("state"), words.join(" · "));
	if (about.group && state.leader !== leaderTold) {
		if (leaderTold !== null) {
			say($("told"), state.leader ? t("{0} leads now.", state.leader) : t("Nobody leads now."));
		}
		leaderTold = state.leader;
	}
}

function clockTable(state) {
	const errors = state.nodes.map((node) => node.error).sort((a, b) => a - b);
	const middle = errors[Math.floor(errors.length / 2)];
	$("clocks").replaceChildren(...state.nodes.map((node) => row(node.name, program(node),
		time(node.error, true), time(node.error - middle, true),
		node.claim === null ? t("none") : `± ${time(node.claim)}`)));
}

function methodTable(methods) {
	const { last, client, server } = methods;
	if (document.activeElement !== $("client") && document.activeElement !== $("server")) {
		$("client").value = client;
		$("server").value = server;
	}
	if (!last) {
		say($("methods-said"), client ? t("{0} is asking {1}", client, server) : "");
		$("methods").replaceChildren();
		return;
	}
	const rounds = last.rounds ?
		t("{0} of {1} rounds were answered.", last.rounds.received, last.rounds.sent) : "";
	const truth = last.corrected ?
		"The true offset is {0}, at the end of the rounds, while a clock was corrected." :
		"The true offset is {0}.";
	say($("methods-said"), last.error ? t("No result: {0}", last.error) :
		`${rounds} ${t(truth, time(last.true_offset_s, true))}`.trim());
	$("methods").replaceChildren(...last.methods.map((m) => (m.error ? row(m.method, m.error) :
		row(m.method, time(m.offset_s, true), `± ${time(m.max_error_s)}`, time(m.true_error_s, true),
			make("span", { class: m.within_bound ? "good" : "bad" }, t(m.within_bound ? "yes" : "NO"))))));
}

function seriesTable(series) {
	$("measured").hidden = series.length === 0;
	$("series").replaceChildren(...series.map((v) => row(
		v.method && v.method !== "votes" ? `${v.name} (${v.method})` : v.name, time(v.offset, true),
		time(v.error, true), time(v.bound), time(v.delay))));
}

function eventList() {
	const list = $("events");
	const words = data.events.slice().reverse().map((e) => `${decimal(e.at.toFixed(1))} s: ${deed(e.what)}`);
	const shown = [...list.children].map((item) => item.textContent);
	if (words.length !== shown.length || words.some((text, i) => text !== shown[i])) {
		list.replaceChildren(...words.map((text) => make("li", {}, text)));
	}
}

function show(state) {
	heading(state);
	map.update(state, panels.node.name, panels.link.key);
	panels.node.update(state.nodes);
	panels.link.update(state.links);
	panels.part.update(state.parted);
	clockTable(state);
	methodTable(state.methods);
	seriesTable(state.series);
	eventList();
	drawErrors($("errors"), data, state.nodes,
		{ window: Number($("window").value), against: $("against").value });
}

// --- the beginning ---

function build() {
	document.title = `${t(about.title)} – ${t("live")}`;
	say($("title"), t(about.title));
	const names = about.nodes.map((node) => node.name);
	const served = about.nodes.filter((node) => node.role !== "client").map((node) => node.name);
	panels = {
		node: new NodePanel(names, act, () => {}),
		link: new LinkPanel(act, () => {}),
		part: new PartPanel(names, act, complain),
	};
	map = new NetworkMap($("map"), about.nodes, (name) => panels.node.choose(name),
		(key) => panels.link.choose(key));
	choices($("client"), names);
	choices($("server"), served);
	for (const id of ["client", "server"]) {
		$(id).addEventListener("change", async () => {
			try {
				complain("");
				await ask("ask", { client: $("client").value, server: $("server").value });
			} catch (error) {
				complain(error.message);
			}
		});
	}
	$("against").value = about.group ? "median" : "truth";
	$("planned").hidden = about.events.length === 0;
	$("planned-deeds").append(...about.events.map((words, n) => button(deed(words), () => act(n))));
	$("end").addEventListener("click", () => ask("end", {}).catch(() => {}));
	set($("state"), "data-ready", "yes");
}

async function poll() {
	try {
		about ??= await ask("about");
		if (!map) {
			build();
		}
		const since = data.times.at(-1) ?? -1;
		const state = await ask(`state?since=${since}&events=${Math.max(0, data.event - 1)}`);
		silent = 0;
		keep(state);
		show(state);
	} catch (error) {
		silent += 1;
		if (silent >= GIVE_UP_AFTER) {
			say($("state"), t("The experiment has ended."));
			complain("");
			return;
		}
		if (!(error instanceof TypeError)) {
			throw error;
		}
	} finally {
		if (silent < GIVE_UP_AFTER) {
			setTimeout(poll, EVERY_MS);
		}
	}
}

translatePage();
poll();
