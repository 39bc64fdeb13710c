// The answer beside the picture: the text as it streams, what was found as a list, figures, copying, errors.
import { announce, count, duration, el } from "./dom.js";
import { colorOf } from "./colors.js";
import { copyPicture, copyText, toCoco, toJson } from "./exports.js";

export class Answer {
  /**
   * @param section the element to fill
   * @param title says which answer it is, where there are two
   * @param actions onPoint(number or null), onExplain(response), hasModels(): whether there is a choice
   */
  constructor(section, title, actions) {
    this.section = section;
    this.title = title;
    this.actions = actions;
  }

  /** Nothing was asked yet. */
  hide() {
    this.section.hidden = true;
    this.section.replaceChildren();
    this.items = [];
  }

  /** A request is on its way. */
  begin(task) {
    this.items = [];
    this.text = el("p", { class: task === "caption" || task === "ask" ? "text streaming" : "codes streaming" });
    this.section.replaceChildren(this.text);
    this.section.hidden = false;
    this.section.setAttribute("aria-busy", "true");
  }

  /** A piece of the answer came. */
  add(piece) {
    this.text.append(piece);
  }

  /** The whole answer is there. */
  finish(response, picture) {
    const found = response.detections ?? [], hasBoxes = response.task === "detect" || response.task === "segment";
    this.items = found.map((detection, i) => this.#item(detection, i));
    this.section.replaceChildren(...[
      hasBoxes
        ? el("p", { class: "text" }, found.length ? count(found.length, "thing found", "things found") : "Nothing found.")
        : el("p", { class: "text" }, response.text || "The model said nothing."),
      found.length ? el("ol", { class: "found", "aria-label": "Found" }, this.items) : null,
      response.finish_reason === "length" ? el("p", { class: "warning" }, "Cut off at the most new tokens: allow more under Sampling.") : null,
      this.#copies(response, picture),
      this.#figures(response),
      el("details", { class: "more raw" }, el("summary", {}, "The model's own words"),
        el("dl", {}, el("dt", {}, "Prompt"), el("dd", {}, el("code", {}, response.prompt)), el("dt", {}, "Answer"), el("dd", {}, el("code", {}, response.text)))),
    ].filter(Boolean));
    this.#end();
    announce(`${this.title()}: ${hasBoxes ? this.section.querySelector(".text").textContent : response.text}`);
  }

  /** The request was taken back; what had come stays. */
  cancel() {
    this.text?.classList.remove("streaming");
    this.section.append(el("p", { class: "hint" }, "Canceled."));
    this.#end();
    announce("Canceled.");
  }

  /** The request failed. */
  fail(message, again) {
    this.section.replaceChildren(el("div", { class: "failure", role: "alert" }, el("p", {}, message), el("button", { type: "button", onclick: again }, "Try again")));
    this.section.hidden = false;
    this.#end();
  }

  /** The server is busy: counts down. Resolves when it is time, or at once when asked to; rejects where the signal aborts. */
  wait(message, seconds, signal) {
    return new Promise((resolve, reject) => {
      const left = el("strong", {}, `${seconds} s`);
      const stop = () => { clearInterval(timer); signal.removeEventListener("abort", abort); };
      const abort = () => { stop(); reject(signal.reason); };
      const now = () => { stop(); resolve(); };
      const timer = setInterval(() => { left.textContent = `${--seconds} s`; if (seconds <= 0) now(); }, 1000);
      signal.addEventListener("abort", abort);
      this.section.replaceChildren(el("div", { class: "failure busy" },
        el("p", { role: "alert" }, message), el("p", {}, "The next try is in ", left, "."), el("button", { type: "button", onclick: now }, "Try now")));
      this.section.hidden = false;
    });
  }

  /** Brings one detection forward; null for all alike. */
  point(number) {
    this.items.forEach((item, i) => item.classList.toggle("pointed", i === number));
  }

  #end() {
    this.section.setAttribute("aria-busy", "false");
  }

  #item({ label, score, box, mask }, i) {
    const [left, top, right, bottom] = box.map(Math.round);
    const swatch = el("span", { class: "swatch", "aria-hidden": "true" });
    swatch.style.background = colorOf(label);
    const point = on => () => this.actions.onPoint(on ? i : null);
    return el("li", { onmouseenter: point(true), onmouseleave: point(false) },
      el("button", { type: "button", class: "thing", onfocus: point(true), onblur: point(false), onclick: point(true) },
        swatch, el("span", { class: "label" }, label || "no label"),
        el("span", { class: "place" }, `${right - left} × ${bottom - top} at ${left}, ${top}${mask ? ", with its shape" : ""}`),
        Number.isFinite(score) ? el("span", { class: "score", title: "How sure the model is that it is about there, and what it is" }, score.toFixed(2)) : null));
  }

  #copies(response, picture) {
    const said = el("span", { class: "said", role: "status" });
    const button = (name, what, action) => el("button", {
      type: "button", class: "small", "aria-label": what, onclick: async () => {
        try { said.textContent = await action(); } catch (error) { said.textContent = `Not copied: ${error.message}`; }
      },
    }, name);
    return el("div", { class: "row copies", role: "group", "aria-label": "What to do with the answer" },
      el("span", { class: "hint", "aria-hidden": "true" }, "Copy"),
      button("JSON", "Copy as JSON", () => copyText(toJson(response))),
      button("COCO", "Copy as COCO", () => copyText(toCoco(response, picture))),
      button("PNG", "Copy as PNG, the boxes drawn", () => copyPicture(response, picture)),
      el("button", { type: "button", class: "small explain", onclick: () => this.actions.onExplain(response) }, "Explain"),
      said);
  }

  #figures({ usage, timings, model }) {
    const parts = [];
    const add = (name, value) => parts.push(el("div", {}, el("dt", {}, name), el("dd", {}, value)));
    if (timings) {
      add("First token", duration(timings.first_token_ms));
      add("Whole answer", duration(timings.total_ms));
      if (timings.queue_ms >= 1) add("Waited", duration(timings.queue_ms));
    }
    if (usage) {
      const image = usage.prompt_tokens_details?.image_tokens;
      add("Tokens in", image ? `${usage.prompt_tokens} (picture ${image})` : `${usage.prompt_tokens}`);
      add("Tokens out", `${usage.completion_tokens}`);
    }
    if (model && this.actions.hasModels()) add("Model", model);
    return el("dl", { class: "figures" }, parts);
  }
}
