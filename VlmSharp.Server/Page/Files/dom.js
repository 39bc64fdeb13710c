// Small helpers to make and find elements. Text is always set as text, never as markup.

/** Makes an element. Properties that begin with "on" are listeners; "class", "data-*", "aria-*" and the like are attributes. */
export function el(tag, properties = {}, ...children) {
  const node = tag.startsWith("svg:") ? document.createElementNS("http://www.w3.org/2000/svg", tag.slice(4)) : document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter(child => child !== null && child !== undefined));
  return node;
}

export const byId = id => document.getElementById(id);

/** Says something to those who listen to the page. */
export function announce(text) {
  byId("announcer").textContent = text;
}

/** "1 box", "2 boxes". */
export const count = (n, one, many) => `${n} ${n === 1 ? one : many}`;

/** Milliseconds as people read them. */
export function duration(ms) {
  if (!Number.isFinite(ms)) return "–";
  return ms < 10 ? `${ms.toFixed(1)} ms` : ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 10000 ? 2 : 1)} s`;
}
