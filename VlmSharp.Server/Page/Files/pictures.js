// Where pictures come from: files, drops, the clipboard, the camera, and the samples that ship with the server.
import { byId, el } from "./dom.js";

const READ_BY_SERVER = ["image/png", "image/jpeg", "image/gif", "image/bmp", "image/webp"];

/** Scenes that the demo model knows, with things to ask about them. */
export const samples = [
  { id: "car-key", name: "A car and a key", things: ["car", "key"], questions: ["what is below the car?", "how many things are there?"] },
  { id: "sun", name: "Two suns", things: ["sun"], questions: ["how many suns are there?", "is there a book?"] },
  { id: "red_star", name: "Two red stars", things: ["red star"], questions: ["what color is the star?", "how many red stars are there?"] },
  { id: "bell-house-scissors", name: "A bell, a house and scissors", things: ["house", "bell"], questions: ["is there a house?", "how many things are there?"] },
];

export class Pictures {
  /** @param onPicture gets { blob, url, name, width, height, sample } */
  constructor(onPicture) {
    this.onPicture = onPicture;
    this.#files();
    this.#drops();
    this.#camera();
    byId("samples").append(...samples.map(sample => el("li", {},
      el("button", { type: "button", class: "thumb", title: sample.name, "aria-label": `Sample: ${sample.name}`, "aria-pressed": "false", "data-sample": sample.id, onclick: () => this.useSample(sample.id) },
        el("img", { src: `/page/${sample.id}.png`, alt: "", width: 48, height: 48 })))));
  }

  /** Takes a sample by its id; of an unknown one nothing happens. */
  async useSample(id) {
    const sample = samples.find(one => one.id === id);
    if (!sample) return;
    const response = await fetch(`/page/${id}.png`).catch(() => null);
    if (response?.ok) await this.use(await response.blob(), `${id}.png`, sample);
    else this.#say("The server does not answer. See whether it still runs, then try again.");
  }

  /** Takes a picture that the browser can show. What the server could not read becomes a PNG. */
  async use(blob, name, sample = null) {
    const url = URL.createObjectURL(blob), image = new Image();
    image.src = url;
    try {
      await image.decode();
    } catch {
      URL.revokeObjectURL(url);
      return this.#say(`${name} is not a picture that this browser can read. PNG, JPEG, WebP, GIF and BMP are.`);
    }
    const [width, height] = [image.naturalWidth || 512, image.naturalHeight || 512];
    if (!READ_BY_SERVER.includes(blob.type)) {
      URL.revokeObjectURL(url);
      return await this.use(await toPng(image, width, height), name.replace(/\.[^.]*$/, "") + ".png");
    }
    this.#say("");
    this.onPicture({ blob, url, name, width, height, sample });
  }

  #say(text) {
    byId("picture-error").textContent = text;
  }

  #files() {
    for (const [button, input] of [["choose", "file"]]) byId(button).addEventListener("click", () => byId(input).click());
    for (const id of ["file", "capture"]) {
      byId(id).addEventListener("change", event => {
        const [file] = event.target.files;
        if (file) this.use(file, file.name);
        event.target.value = "";
      });
    }
  }

  #drops() {
    const holds = event => [...event.dataTransfer?.items ?? []].some(item => item.kind === "file");
    const cover = byId("drop");
    let depth = 0; // how many elements deep the pointer is
    const show = change => { depth = Math.max(0, depth + change); cover.hidden = depth === 0; };
    addEventListener("dragenter", event => { if (holds(event)) show(1); });
    addEventListener("dragleave", event => { if (holds(event)) show(-1); });
    addEventListener("dragover", event => { if (holds(event)) event.preventDefault(); });
    addEventListener("drop", event => {
      show(-depth);
      const [file] = event.dataTransfer?.files ?? [];
      if (!file) return;
      event.preventDefault();
      this.use(file, file.name);
    });
    addEventListener("paste", event => {
      const file = [...event.clipboardData?.files ?? []].find(one => one.type.startsWith("image/"));
      if (!file) return;
      event.preventDefault();
      this.use(file, file.name || "pasted.png");
    });
  }

  #camera() {
    const dialog = byId("camera-dialog"), video = byId("video");
    let stream = null;
    byId("camera").addEventListener("click", async () => {
      try {
        stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      } catch {
        byId("capture").click(); // a phone's own camera; elsewhere a file
        return;
      }
      video.srcObject = stream;
      dialog.showModal();
      await video.play();
    });
    dialog.addEventListener("close", () => { stream?.getTracks().forEach(track => track.stop()); video.srcObject = null; });
    byId("camera-close").addEventListener("click", () => dialog.close());
    byId("shutter").addEventListener("click", async () => {
      const shot = await toPng(video, video.videoWidth, video.videoHeight);
      dialog.close();
      await this.use(shot, "camera.png");
    });
  }
}

function toPng(source, width, height) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  canvas.getContext("2d").drawImage(source, 0, 0, width, height);
  return new Promise(resolve => canvas.toBlob(resolve, "image/png"));
}
