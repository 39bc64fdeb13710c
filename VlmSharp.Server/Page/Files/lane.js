// One question and its answer: the form, the picture, the run. The page has one lane, or two side by side.
import { ask, ApiError } from "./api.js";
import { Answer } from "./answer.js";
import { byId, el } from "./dom.js";
import { Stage } from "./stage.js";

/** Which fields of the form a task takes. */
const FIELDS = {
  caption: ["language"], ask: ["question", "language"], detect: ["things"], segment: ["things"], prompt: ["words"],
};
const SAMPLING = ["temperature", "seed", "max_tokens"];
const MOST_TRIES = 5;

/** "detect cat" in the model's own words goes where boxes are read from the answer. */
function routeOf(task, words) {
  if (task !== "prompt") return `/v1/${task}`;
  const begin = words.trimStart().split(/\s/, 1)[0];
  return begin === "detect" || begin === "segment" ? `/v1/${begin}` : "/v1/caption";
}

export class Lane {
  /**
   * @param name "A" or "B"
   * @param page what the lane asks for: task(), picture(), key() resolves when a key was given, changed(), started(), finished(), explain(response)
   */
  constructor(name, page) {
    this.name = name;
    this.page = page;
    this.root = byId("lane").content.firstElementChild.cloneNode(true);
    this.form = this.root.querySelector("form");
    this.root.querySelector(".lane-name").textContent = name;
    const point = number => { this.stage.point(number); this.answer.point(number); };
    this.stage = new Stage(this.root.querySelector(".stage"), point);
    this.answer = new Answer(this.root.querySelector(".answer"), name, { onPoint: point, onExplain: response => page.explain(response), hasModels: () => this.form.elements.model.options.length > 1 });
    this.response = null;
    this.form.addEventListener("submit", event => { event.preventDefault(); this.run(); });
    this.form.addEventListener("input", () => page.changed());
    this.root.querySelector(".cancel").addEventListener("click", () => this.cancel());
    this.setTask();
  }

  /** The form's values that are not empty, for the address and the history. */
  get values() {
    const values = Object.fromEntries([...new FormData(this.form)].filter(([, value]) => value !== ""));
    return this.wanted && !values.model ? { ...values, model: this.wanted } : values;
  }

  set values(values) {
    for (const field of this.form.elements) if (field.name && field.name !== "model") field.value = values[field.name] ?? "";
    this.wanted = values.model; // the models may not be known yet
    const { model } = this.form.elements;
    if ([...model.options].some(option => option.value === values.model)) model.value = values.model;
  }

  get isRunning() { return this.abort !== undefined; }

  /** Shows the models that can be chosen; one alone need not be. */
  setModels(names) {
    const select = this.form.elements.model, chosen = select.value || this.wanted;
    select.replaceChildren(...names.map(name => el("option", { value: name }, name)));
    if (names.includes(chosen)) select.value = chosen;
    this.wanted = undefined;
    this.root.querySelector('[data-field="model"]').hidden = names.length < 2;
  }

  /** Shows the fields of the page's task. */
  setTask() {
    const shown = FIELDS[this.page.task()];
    for (const field of this.root.querySelectorAll("[data-field]:not([data-field=model])")) field.hidden = !shown.includes(field.dataset.field);
    this.suggest();
  }

  /** Puts the page's picture there, without an answer. */
  setPicture() {
    this.cancel();
    this.stage.show(this.page.picture());
    this.answer.hide();
    this.response = null;
    this.suggest();
  }

  /** Offers what a sample picture is good for. */
  suggest() {
    const task = this.page.task(), sample = this.page.picture()?.sample;
    const [name, texts] = !sample ? [null, []]
      : task === "ask" ? ["question", sample.questions]
      : task === "detect" || task === "segment" ? ["things", sample.things]
      : task === "prompt" ? ["words", ["caption en", `detect ${sample.things[0]}`]] : [null, []];
    const list = this.root.querySelector(".chips");
    list.hidden = texts.length === 0;
    list.replaceChildren(...texts.map(text => el("li", {}, el("button", {
      type: "button", class: "chip", onclick: () => { this.form.elements[name].value = text; this.page.changed(); this.run(); },
    }, text))));
  }

  /** Shows an answer that was had before. */
  restore(values, response) {
    this.values = values;
    if (!response) return;
    this.response = response;
    this.answer.section.hidden = false;
    this.stage.draw(response);
    this.answer.finish(response, this.page.picture());
  }

  /** Stops the request that is on its way, on the server too. */
  cancel() {
    this.abort?.abort();
  }

  /** Asks, with what the form says. */
  async run() {
    const picture = this.page.picture(), task = this.page.task();
    if (!picture) return this.answer.fail("There is no picture yet: choose one, drop one, or take a sample.", () => this.run());
    const needed = { ask: ["question", "a question"], detect: ["things", "a thing to find"], segment: ["things", "a thing to find"], prompt: ["words", "a prompt"] }[task];
    if (needed && !this.form.elements[needed[0]].value.trim()) {
      this.answer.fail(`Type ${needed[1]} first.`, () => this.run());
      return this.form.elements[needed[0]].focus();
    }
    this.cancel();
    this.page.started();
    const abort = new AbortController();
    this.response = null;
    this.#running(abort);
    this.stage.clear();
    try {
      const response = await this.#ask(task, picture, abort.signal);
      this.response = response;
      this.stage.draw(response);
      this.answer.finish(response, picture);
      this.page.finished();
    } catch (error) {
      if (this.abort !== abort) return; // another run has taken over
      if (abort.signal.aborted) this.answer.cancel();
      else if (error instanceof ApiError) this.answer.fail(error.message, () => this.run());
      else { this.answer.fail("Something went wrong on this page. The browser's console says what.", () => this.run()); console.error(error); }
    } finally {
      if (this.abort === abort) this.#running(undefined);
    }
  }

  /** Asks until there is an answer: a missing key is asked for, and a busy server is given time. */
  async #ask(task, picture, signal) {
    const values = this.values, fields = {};
    for (const name of [...FIELDS[task], ...SAMPLING]) if (values[name]) fields[name === "words" ? "prompt" : name] = values[name];
    if (values.model) fields.model = values.model;
    for (let tries = 1; ; tries++) {
      this.answer.begin(task);
      try {
        return await ask(routeOf(task, fields.prompt ?? ""), fields, picture, signal, piece => this.answer.add(piece));
      } catch (error) {
        if (error.status === 401) await this.page.key(signal);
        else if (error.isBusy && tries < MOST_TRIES) await this.answer.wait(error.message, error.retryAfter ?? 2 ** tries, signal);
        else throw error;
      }
    }
  }

  #running(abort) {
    this.abort = abort;
    this.root.classList.toggle("running", abort !== undefined);
    const run = this.root.querySelector(".run"), cancel = this.root.querySelector(".cancel");
    const hadFocus = document.activeElement === cancel;
    cancel.hidden = abort === undefined;
    run.textContent = abort ? "Running…" : "Run";
    if (hadFocus && cancel.hidden) run.focus();
  }
}
