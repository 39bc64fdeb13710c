// An answer taken elsewhere: as JSON, in COCO's format, or as a picture with the boxes drawn in.
import { colorOf } from "./colors.js";
import { areaOf, boundsOf, paint } from "./masks.js";

/** The response as the server gave it. */
export const toJson = response => JSON.stringify(response, null, 2);

/** A COCO data set of one picture (cocodataset.org, "Data format"): boxes as [left, top, width, height], masks as run lengths, or a caption. */
export function toCoco(response, picture) {
  const found = response.detections ?? [], names = [...new Set(found.map(detection => detection.label))];
  const annotations = found.map(({ label, score, box: [left, top, right, bottom], mask }, i) => {
    const bbox = (mask && boundsOf(mask)) ?? [left, top, right - left, bottom - top];
    return {
      id: i + 1, image_id: 1, category_id: names.indexOf(label) + 1, bbox, area: mask ? areaOf(mask) : bbox[2] * bbox[3], iscrowd: 0,
      ...(mask ? { segmentation: mask } : {}), ...(Number.isFinite(score) ? { score } : {}),
    };
  });
  if (!found.length && response.text) annotations.push({ id: 1, image_id: 1, caption: response.text });
  return JSON.stringify({
    images: [{ id: 1, file_name: picture.name, width: response.width, height: response.height }],
    categories: names.map((name, i) => ({ id: i + 1, name })), annotations,
  }, null, 2);
}

/** Puts text on the clipboard. Says what it did. */
export async function copyText(text) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return "Copied.";
  }
  // A page that came over plain HTTP from another machine has no clipboard; the old way still works there.
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("this browser does not let the page write to the clipboard.");
  return "Copied.";
}

/** Puts the drawing on the clipboard, or saves it where there is none for pictures. Says what it did. */
export async function copyPicture(response, picture) {
  if (navigator.clipboard?.write && window.ClipboardItem) {
    await navigator.clipboard.write([new ClipboardItem({ "image/png": drawing(response, picture) })]);
    return "Copied.";
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await drawing(response, picture));
  link.download = `${picture.name.replace(/\.[^.]*$/, "")}-boxes.png`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  return "Saved.";
}

/** The picture with masks, boxes and labels, as a PNG. Small pictures are enlarged by a whole factor, so that labels can be read. */
export async function drawing({ width, height, detections = [] }, picture) {
  const image = new Image();
  image.src = picture.url;
  await image.decode();
  const scale = Math.max(1, Math.ceil(600 / Math.max(width, height)));
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width * scale, height * scale];
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  const line = Math.max(2, Math.round(Math.max(canvas.width, canvas.height) / 300));
  for (const { label, mask } of detections) {
    if (!mask) continue;
    context.globalAlpha = 0.45;
    context.drawImage(paint(mask, colorOf(label)), 0, 0, canvas.width, canvas.height);
    context.globalAlpha = 1;
  }
  for (const { label, box } of detections) drawBox(context, line, label, colorOf(label), box.map(edge => edge * scale));
  return await new Promise(resolve => canvas.toBlob(resolve, "image/png"));
}

function drawBox(context, line, label, color, [left, top, right, bottom]) {
  for (const [style, width] of [["#fff", line * 2], [color, line]]) {
    context.strokeStyle = style;
    context.lineWidth = width;
    context.strokeRect(left, top, right - left, bottom - top);
  }
  const size = line * 6;
  context.font = `600 ${size}px system-ui, sans-serif`;
  context.textBaseline = "middle";
  const width = context.measureText(label).width + size, height = size * 1.5, y = top < height ? top : top - height;
  const x = Math.max(0, Math.min(left, context.canvas.width - width));
  context.fillStyle = color;
  context.fillRect(x, y, width, height);
  context.fillStyle = "#fff";
  context.fillText(label, x + size / 2, y + height / 2);
}
