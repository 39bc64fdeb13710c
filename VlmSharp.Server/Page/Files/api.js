// The server's routes, as the page uses them: one request with a picture, whose answer is streamed, and the key that each carries.

const KEY = "vlmsharp-key";
const BROKEN_OFF = "The answer broke off before its end. Run it again.";
let memory = null; // where the browser keeps nothing for the page

export function key() {
  try { return sessionStorage.getItem(KEY) ?? memory; } catch { return memory; }
}

export function setKey(value) {
  memory = value;
  try { sessionStorage.setItem(KEY, value); } catch { /* kept in memory alone */ }
}

/** An answer of the server that is an error, or none at all (status 0). */
export class ApiError extends Error {
  constructor(status, message, retryAfter = null) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }

  /** Whether the same request may do better later. */
  get isBusy() { return this.status === 429 || this.status === 503; }
}

/** The models that answer: names. */
export async function models() {
  const response = await send("/v1/models", {});
  return (await response.json()).data.map(model => model.id);
}

/**
 * Asks a native route about a picture.
 * @param route for instance /v1/detect
 * @param fields members of the request, without the picture
 * @param picture { blob, name }
 * @param signal aborts the request; the server stops with its next step
 * @param onText gets each piece of the answer as it comes
 * @returns the whole response
 */
export async function ask(route, fields, picture, signal, onText) {
  const response = await send(route, { method: "POST", body: form({ ...fields, stream: "true" }, picture), signal });
  if (!(response.headers.get("Content-Type") ?? "").startsWith("text/event-stream")) return await response.json();
  let whole = null;
  for await (const data of events(response.body)) {
    if (data === "[DONE]") break;
    const message = JSON.parse(data);
    if (message.error) throw new ApiError(500, message.error.message);
    if (message.usage) whole = message;
    else if (message.text) onText(message.text);
  }
  if (!whole) throw new ApiError(0, BROKEN_OFF);
  return whole;
}

/** The page that explains an answer, as text. */
export async function explain(fields, picture, signal) {
  const response = await send("/v1/explain", { method: "POST", body: form(fields, picture), signal });
  return await response.text();
}

function form(fields, picture) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  body.append("image", picture.blob, picture.name);
  return body;
}

async function send(path, options) {
  const headers = key() ? { Authorization: `Bearer ${key()}` } : {};
  let response;
  try {
    response = await fetch(path, { ...options, headers, credentials: "omit", redirect: "error" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "The server does not answer. See whether it still runs, then try again.");
  }
  if (response.ok) return response;
  let message = null;
  try { message = (await response.json()).error.message; } catch { /* not the server's own words */ }
  throw new ApiError(response.status, message ?? `The server answered ${response.status} ${response.statusText}.`, seconds(response.headers.get("Retry-After")));
}

/** Retry-After is seconds or a date (RFC 9110, section 10.2.3). */
function seconds(value) {
  if (value === null) return null;
  const wait = /^\d+$/.test(value.trim()) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isFinite(wait) ? Math.min(Math.max(Math.ceil(wait), 1), 3600) : null;
}

/** The data of server-sent events (HTML Living Standard, section 9.2), as they come. */
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "", data = [];
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(error => { throw error.name === "AbortError" ? error : new ApiError(0, BROKEN_OFF); });
      if (done) return;
      const lines = (rest + value).split(/\r\n|\n/);
      rest = lines.pop();
      for (const line of lines) {
        if (line === "" && data.length) { yield data.join("\n"); data = []; }
        else if (line.startsWith("data:")) data.push(line.slice(line[5] === " " ? 6 : 5));
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
