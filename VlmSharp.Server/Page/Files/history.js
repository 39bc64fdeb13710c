// What was asked since the page was opened. It is held in memory alone: closing the tab forgets it.
import { byId, el } from "./dom.js";

const MOST = 40;

export class History {
  #entries = [];

  /**
   * @param onReturn gets the entry to come back to: { run, picture, task, compare, lanes: [{ values, response }] }
   * @param isShown whether a picture is on the page, so that its bytes are still needed
   */
  constructor(onReturn, isShown) {
    this.onReturn = onReturn;
    this.isShown = isShown;
    byId("forget").addEventListener("click", () => { this.#drop(0); byId("choose").focus(); });
  }

  /** Keeps what was asked and answered, the latest first. A second lane's answer joins the entry of the first. */
  add(entry) {
    if (this.#entries[0]?.run === entry.run) this.#entries[0] = entry;
    else this.#entries.unshift(entry);
    this.#drop(MOST);
  }

  /** Lets a picture's bytes go where no entry shows it. */
  release(picture) {
    if (!this.isShown(picture) && !this.#entries.some(entry => entry.picture === picture)) URL.revokeObjectURL(picture.url);
  }

  #drop(left) {
    for (const entry of this.#entries.splice(left)) this.release(entry.picture);
    this.#show();
  }

  #show() {
    byId("history").hidden = this.#entries.length === 0;
    byId("entries").replaceChildren(...this.#entries.map(entry => {
      const answers = entry.lanes.map(lane => lane.response).filter(Boolean);
      const prompt = answers.map(answer => answer.prompt).join(" | "), text = answers.map(summary).join(" | ");
      return el("li", {}, el("button", { type: "button", class: "entry", onclick: () => this.onReturn(entry) },
        el("img", { src: entry.picture.url, alt: entry.picture.name, width: 56, height: 56 }),
        el("span", { class: "entry-prompt" }, prompt), el("span", { class: "entry-text" }, text)));
    }));
  }
}

function summary({ task, detections, text }) {
  if (task !== "detect" && task !== "segment") return text;
  return detections.length ? detections.map(detection => detection.label).join(", ") : "nothing found";
}
