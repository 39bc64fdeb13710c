// A color for each label, the same one in every answer of the session. White text on each has a contrast of at least 5 to 1.
const palette = ["#1d4ed8", "#c2410c", "#047857", "#a21caf", "#b91c1c", "#0e7490", "#6d28d9", "#3f6212", "#be185d", "#92400e"];
const known = new Map();

export function colorOf(label) {
  if (!known.has(label)) known.set(label, palette[known.size % palette.length]);
  return known.get(label);
}
