// The OpenAPI document for people: each route with what it takes, what it answers and a line to try. It reads what the document needs of OpenAPI 3.1, no more.
import { byId, el } from "./dom.js";

let whole;

/** What a reference in the document means. */
function resolve(node) {
  return node?.$ref ? resolve(node.$ref.slice(2).split("/").reduce((at, step) => at[step], whole)) : node ?? {};
}

/** A schema with its parts put together: members of all of allOf. */
function flat(schema) {
  const own = resolve(schema);
  const parts = (own.allOf ?? []).map(flat);
  return {
    ...own,
    properties: Object.assign({}, ...parts.map(part => part.properties), own.properties),
    required: [...parts.flatMap(part => part.required), ...own.required ?? []],
  };
}

/** A schema's type in a few words. */
function typeOf(schema) {
  const own = resolve(schema);
  if (own.const !== undefined) return JSON.stringify(own.const);
  if (own.enum) return own.enum.map(value => JSON.stringify(value)).join(" | ");
  if (own.oneOf) return own.oneOf.map(typeOf).join(" | ");
  if (own.type === "array") return `${typeOf(own.items)}[]`;
  const name = schema?.$ref?.split("/").pop();
  return name && own.properties ? name : [own.type ?? (own.allOf ? "object" : "any")].flat().join(" | ");
}

function rangeOf({ minimum, maximum, default: usual }) {
  const range = minimum !== undefined && maximum !== undefined ? `${minimum} to ${maximum}` : minimum !== undefined ? `at least ${minimum}` : maximum !== undefined ? `at most ${maximum}` : "";
  return [range, usual !== undefined ? `else ${JSON.stringify(usual)}` : ""].filter(Boolean).join("; ");
}

/** A table of an object's members, those of inner objects beneath with their path. */
function members(schema, prefix = "", depth = 0) {
  const { properties, required } = flat(schema);
  return Object.entries(properties).flatMap(([name, property]) => {
    const own = resolve(property), inner = own.type === "array" ? own.items : property, range = rangeOf(own);
    const path = `${prefix}${name}${own.type === "array" && Object.keys(flat(inner).properties).length ? "[]" : ""}`;
    return [row(path, typeOf(property), [own.description, range && `(${range})`].filter(Boolean).join(" "), required.includes(name)), ...depth < 3 ? members(inner, `${path}.`, depth + 1) : []];
  });
}

/** A line of a list: a name, what it is, and what it means. */
const row = (name, type, text, must = false) => el("div", {},
  el("dt", {}, el("code", {}, name), must ? el("span", { class: "must" }, "required") : null), el("dd", { class: "type" }, type), el("dd", { class: "what" }, text));

const list = rows => el("dl", { class: "members" }, rows);

/** The members of a body once, for all media types that it may come as. */
function body(title, content = {}) {
  const types = Object.keys(content), [{ schema, example } = {}] = Object.values(content), rows = schema ? members(schema) : [];
  if (!rows.length) return [];
  return [
    el("h4", {}, `${title}, `, el("code", {}, types.filter(type => content[type].schema.$ref === schema.$ref).join(", "))),
    list(rows),
    example === undefined ? null : el("pre", { tabindex: 0, role: "region", "aria-label": "Example" }, el("code", {}, JSON.stringify(example, null, 2))),
  ];
}

function parameters(all) {
  if (!all?.length) return [];
  return [el("h4", {}, "Parameters"), list(all.map(resolve).map(({ name, in: place, description, schema }) => row(name, `${typeOf(schema)}, in the ${place}`, description ?? "")))];
}

function responses(all) {
  const rows = Object.entries(all).map(([status, response]) => row(status, Object.keys(resolve(response).content ?? {}).join(", "), resolve(response).description));
  const [, good] = Object.entries(all).find(([status]) => status.startsWith("2")) ?? [];
  return [el("h4", {}, "Answers"), list(rows), ...body("A good answer", resolve(good).content)];
}

function route(path, method, operation) {
  return el("article", { class: "card route", id: operation.operationId },
    el("h3", {}, el("span", { class: "method" }, method.toUpperCase()), el("code", {}, path), el("span", { class: "summary" }, operation.summary)),
    operation.description ? el("p", {}, operation.description) : null,
    ...parameters(operation.parameters),
    ...operation["x-curl"] ? [el("h4", {}, "Try it"), el("pre", { tabindex: 0, role: "region", "aria-label": "A command" }, el("code", {}, operation["x-curl"].replaceAll("{server}", location.origin)))] : [],
    ...body("The request", resolve(operation.requestBody).content),
    ...responses(operation.responses));
}

function show() {
  byId("title").textContent = whole.info.title;
  byId("about").textContent = whole.info.description;
  const operations = Object.entries(whole.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })));
  for (const { name } of whole.tags) {
    const inside = operations.filter(({ operation }) => operation.tags[0] === name);
    byId("contents").append(el("p", {}, name), ...inside.map(({ path, operation }) => el("a", { href: `#${operation.operationId}` }, path)));
    byId("routes").append(el("h2", {}, name), ...inside.map(({ path, method, operation }) => route(path, method, operation)));
  }
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

try {
  whole = await (await fetch("/openapi.json")).json();
  show();
} catch (error) {
  byId("failure").textContent = "The document cannot be read. See whether the server still runs, then load this page again.";
  console.error(error);
}
