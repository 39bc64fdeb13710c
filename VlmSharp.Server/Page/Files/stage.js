// The picture, with boxes and masks drawn over it.
import { el } from "./dom.js";
import { colorOf } from "./colors.js";
import { paint } from "./masks.js";

export class Stage {
  /**
   * @param figure the element to fill
   * @param onPoint is told the number of the detection that is pointed at, or null
   */
  constructor(figure, onPoint) {
    this.figure = figure;
    this.onPoint = onPoint;
    this.#invite();
  }

  /** Shows a picture { url, name, width, height } without anything on it. */
  show(picture) {
    if (!picture) return this.#invite();
    this.frame = el("div", { class: "frame" }, el("img", { src: picture.url, alt: picture.name, draggable: "false" }));
    this.frame.style.setProperty("--aspect", picture.width / picture.height);
    this.figure.replaceChildren(this.frame, el("figcaption", {}, el("span", { class: "file" }, picture.name), ` ${picture.width} × ${picture.height}`));
    this.marks = [];
  }

  /** Draws what was found: width, height and detections of a response. */
  draw({ width, height, detections }) {
    this.clear();
    if (!detections?.length) return;
    const drawing = el("svg:svg", { class: "boxes", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "group", "aria-label": "Boxes. Arrow keys go from one to the next." });
    const tags = el("div", { class: "tags", "aria-hidden": "true" });
    this.marks = detections.map((detection, i) => this.#mark(detection, i, width, height));
    drawing.append(...this.marks.map(mark => mark.group));
    tags.append(...this.marks.map(mark => mark.tag));
    drawing.addEventListener("keydown", event => this.#step(event));
    this.frame.append(drawing, tags);
  }

  /** Takes everything off the picture. */
  clear() {
    this.frame?.querySelectorAll(".boxes, .tags").forEach(node => node.remove());
    this.marks = [];
  }

  /** Brings one detection forward; null for all alike. */
  point(number) {
    this.frame?.classList.toggle("pointing", number !== null);
    this.marks?.forEach((mark, i) => [mark.group, mark.tag].forEach(node => node.classList.toggle("pointed", i === number)));
  }

  #invite() {
    this.frame = null;
    this.marks = [];
    this.figure.replaceChildren(el("div", { class: "invite" },
      el("svg:svg", { viewBox: "0 0 64 64", "aria-hidden": "true" },
        el("svg:rect", { x: 6, y: 12, width: 52, height: 40, rx: 7 }), el("svg:circle", { cx: 22, cy: 26, r: 5 }), el("svg:path", { d: "M8 46 L24 33 L34 42 L44 31 L56 42" })),
      el("p", {}, "Drop a picture here, or take a sample"), el("p", { class: "hint" }, "It goes to this server and nowhere else.")));
  }

  #mark({ label, box, mask }, i, width, height) {
    const [left, top, right, bottom] = box, color = colorOf(label);
    const place = { x: left, y: top, width: Math.max(right - left, 0), height: Math.max(bottom - top, 0) };
    const group = el("svg:g", {
      class: "mark", tabindex: i === 0 ? 0 : -1, role: "img", "data-number": i,
      "aria-label": `${label || "no label"}, from ${Math.round(left)}, ${Math.round(top)} to ${Math.round(right)}, ${Math.round(bottom)}`,
      onmouseenter: () => this.onPoint(i), onmouseleave: () => this.onPoint(null),
      onfocus: () => this.onPoint(i), onblur: () => this.onPoint(null),
    });
    if (mask) group.append(el("svg:image", { class: "shape", href: paint(mask, color).toDataURL(), width, height, preserveAspectRatio: "none" }));
    group.append(el("svg:rect", { class: "halo", ...place }), el("svg:rect", { class: "edge", ...place, stroke: color, fill: color }));
    const tag = el("span", { class: "tag" }, label || "no label");
    tag.style.background = color;
    tag.style.left = `${100 * left / width}%`;
    tag.style.top = `${100 * top / height}%`;
    tag.classList.toggle("inside", top / height < 0.09);
    tag.classList.toggle("leftward", left / width > 0.75);
    if (left / width > 0.75) tag.style.left = `${100 * Math.min(right / width, 1)}%`;
    return { group, tag };
  }

  #step(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const at = this.marks.findIndex(mark => mark.group === document.activeElement);
    if (!step || at < 0) return;
    event.preventDefault();
    const next = this.marks[(at + step + this.marks.length) % this.marks.length].group;
    this.marks.forEach(mark => mark.group.setAttribute("tabindex", mark.group === next ? 0 : -1));
    next.focus();
  }
}
