// Elements from text: nothing here, or in any other part, makes markup out of a string.

// Characters that act instead of being seen: controls, zero-width ones, and those that turn the direction of text.
const ACTS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/gu;

/** A text as nodes, with what acts made visible. */
function seen(text) {
  const nodes = [];
  let from = 0;
  const all = String(text).replaceAll("\r\n", "\n");
  for (const found of all.matchAll(ACTS)) {
    if (found.index > from) nodes.push(document.createTextNode(all.slice(from, found.index)));
    const mark = document.createElement("span");
    mark.className = "unseen";
    mark.textContent = "\\u{" + found[0].codePointAt(0).toString(16) + "}";
    nodes.push(mark);
    from = found.index + found[0].length;
  }
  if (from < all.length) nodes.push(document.createTextNode(all.slice(from)));
  return nodes;
}

/** An element. Properties beginning with `on` are listeners; children are elements, texts, lists or nothing. */
function h(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  put(element, children);
  return element;
}

function put(element, children) {
  for (const child of children) {
    if (child === undefined || child === null || child === false) continue;
    if (Array.isArray(child)) put(element, child);
    else if (child instanceof Node) element.append(child);
    else element.append(...seen(child));
  }
}

function replace(element, ...children) {
  element.textContent = "";
  put(element, children);
}

const count = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;

function money(dollars) {
  if (dollars === null || dollars === undefined) return "cost unknown";
  if (dollars === 0) return "$0";
  return "$" + (dollars < 0.1 ? dollars.toPrecision(2) : dollars.toFixed(2));
}

function time(ms) {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  return ms < 59950 ? `${(ms / 1000).toFixed(1)} s` : `${Math.floor(ms / 60000)} min ${Math.floor((ms % 60000) / 1000)} s`;
}
