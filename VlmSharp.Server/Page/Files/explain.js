// The page that explains an answer, in a frame without any rights: it has no origin, and cannot reach this page or the server.
import { ApiError, explain } from "./api.js";
import { byId, el } from "./dom.js";

/** Shows how the model came to an answer. */
export async function showExplanation(response, picture) {
  const dialog = byId("explain-dialog"), place = byId("explain-frame"), abort = new AbortController();
  place.replaceChildren(el("p", { class: "hint", role: "status" }, "The model runs again and is looked at…"));
  dialog.addEventListener("close", () => { abort.abort(); place.replaceChildren(); }, { once: true });
  dialog.showModal();
  try {
    const html = await explain({ prompt: response.prompt, ...(response.model ? { model: response.model } : {}) }, picture, abort.signal);
    const frame = el("iframe", { sandbox: "allow-scripts", src: "/page/frame.html", title: "Explanation" });
    // The frame has no origin, so its message cannot be told by one; only the window is known.
    frame.addEventListener("load", () => frame.contentWindow.postMessage({ html }, "*"), { once: true });
    place.replaceChildren(frame);
  } catch (error) {
    if (abort.signal.aborted) return;
    place.replaceChildren(el("p", { class: "error-text", role: "alert" }, error instanceof ApiError ? error.message : "The explanation cannot be shown."));
    if (!(error instanceof ApiError)) console.error(error);
  }
}

byId("explain-close").addEventListener("click", () => byId("explain-dialog").close());
