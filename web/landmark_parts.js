// The 68 points of a face (iBUG's scheme) and what they belong to. Left and right are the person's.

const range = (from, to) => Array.from({ length: to - from }, (_, index) => from + index);

/** The points of each part. */
export const PARTS = {
  jaw: range(0, 17),
  right_brow: range(17, 22),
  left_brow: range(22, 27),
  nose: range(27, 36),
  right_eye: range(36, 42),
  left_eye: range(42, 48),
  mouth: range(48, 68),
};

export const ALL_POINTS = range(0, 68);

/** The lines that are drawn between the points of a part. */
export const LINES = [
  { part: "jaw", points: PARTS.jaw, closed: false },
  { part: "right_brow", points: PARTS.right_brow, closed: false },
  { part: "left_brow", points: PARTS.left_brow, closed: false },
  { part: "nose", points: range(27, 31), closed: false },
  { part: "nose", points: range(31, 36), closed: false },
  { part: "right_eye", points: PARTS.right_eye, closed: true },
  { part: "left_eye", points: PARTS.left_eye, closed: true },
  { part: "mouth", points: range(48, 60), closed: true },
  { part: "mouth", points: range(60, 68), closed: true },
];

/** The name of the part that a point belongs to. */
export function partOf(point) {
  return Object.keys(PARTS).find((name) => PARTS[name].includes(point));
}
