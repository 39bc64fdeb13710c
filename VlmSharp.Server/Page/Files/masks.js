// COCO's run-length masks (cocoapi, common/maskApi.c): runs of 0 and 1 by turns, column by column from the top left. As a string, each count is
// written in groups of 5 bits from 48 up, with bit 5 for "more to come", and from the fourth on as the difference to the one before the last.

const MOST_PIXELS = 1 << 28;

function runsOf(counts) {
  if (Array.isArray(counts)) return counts;
  const runs = [];
  for (let at = 0; at < counts.length;) {
    let value = 0, shift = 0, more = true;
    while (more && at < counts.length) {
      const group = counts.charCodeAt(at++) - 48;
      value |= (group & 31) << shift;
      more = (group & 32) !== 0;
      shift += 5;
      if (!more && (group & 16)) value |= -1 << shift;
    }
    if (runs.length > 2) value += runs[runs.length - 2];
    runs.push(value);
  }
  return runs;
}

/** Calls back with column, first row and row after the last for every piece of the mask that lies in one column. */
function forPieces({ size: [height, width], counts }, piece) {
  if (height * width > MOST_PIXELS) return;
  let at = 0, inside = false;
  for (const run of runsOf(counts)) {
    const end = Math.min(at + Math.max(run, 0), height * width);
    for (let from = at; inside && from < end;) {
      const column = Math.floor(from / height), to = Math.min(end, (column + 1) * height);
      piece(column, from - column * height, to - column * height);
      from = to;
    }
    at = end;
    inside = !inside;
  }
}

/** Pixels of a mask. */
export function areaOf(mask) {
  let area = 0;
  forPieces(mask, (_, top, bottom) => { area += bottom - top; });
  return area;
}

/** The least box around a mask, [left, top, width, height]; null where it is empty. */
export function boundsOf(mask) {
  let left = Infinity, top = Infinity, right = -1, bottom = -1;
  forPieces(mask, (column, from, to) => {
    left = Math.min(left, column);
    right = Math.max(right, column + 1);
    top = Math.min(top, from);
    bottom = Math.max(bottom, to);
  });
  return right < 0 ? null : [left, top, right - left, bottom - top];
}

/** A canvas of the picture's size with the mask in one color. */
export function paint(mask, color) {
  const canvas = document.createElement("canvas");
  [canvas.height, canvas.width] = mask.size;
  const context = canvas.getContext("2d");
  context.fillStyle = color;
  forPieces(mask, (column, top, bottom) => context.fillRect(column, top, 1, bottom - top));
  return canvas;
}
