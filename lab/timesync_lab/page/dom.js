// SPDX-License-Identifier: BSD-3-Clause
// Making elements. Text is always set as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

export const $ = (id) => document.getElementById(id);

function filled(element, attributes, children) {
	for (const [name, value] of Object.entries(attributes)) {
		element.setAttribute(name, value);
	}
	element.append(...children);
	return element;
}

export function make(tag, attributes = {}, ...children) {
	return filled(document.createElement(tag), attributes, children);
}

export function draw(tag, attributes = {}, ...children) {
	return filled(document.createElementNS(SVG, tag), attributes, children);
}

// A row of a table: the first cell is its heading.
export function row(...cells) {
	const [head, ...others] = cells.map((cell) => (cell instanceof Node ? cell : String(cell)));
	return make("tr", {}, make("td", {}, head), ...others.map((cell) => make("td", {}, cell)));
}

// Set an attribute, or a text, only if it changes: so that nobody is told again what is as before.
export function set(element, name, value) {
	if (element.getAttribute(name) !== String(value)) {
		element.setAttribute(name, value);
	}
}

export function say(element, text) {
	if (element.textContent !== text) {
		element.textContent = text;
	}
}

export const colour = (number) => `var(--s${number % 8})`;
