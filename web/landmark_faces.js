// Faces as a sidecar has them, moved about. A face is never changed: a moved one is a new one, so
// that a face which nobody touched, or whose changes were all undone, stays what it was.

const rounded = (value) => Math.round(value * 100) / 100;

/** A face whose points, [x, y] in pixels, a person has placed. */
export function handFace(points) {
  const placed = points.map((point) => point.map(rounded));
  return { points: placed, scheme: "ibug-68", score: 1, detector: "hand", box: boxOf(placed) };
}

/** The box [x0, y0, x1, y1] around points. */
export function boxOf(points) {
  const [x, y] = [0, 1].map((axis) => points.map((point) => point[axis]));
  return [Math.min(...x), Math.min(...y), Math.max(...x), Math.max(...y)];
}

/** Whether boxes lie in one place: the middle of one of them is in the other. */
export function onePlace(box, other) {
  const holds = ([x0, y0, x1, y1], [x, y]) => x0 <= x && x <= x1 && y0 <= y && y <= y1;
  const middle = ([x0, y0, x1, y1]) => [(x0 + x1) / 2, (y0 + y1) / 2];
  return holds(box, middle(other)) || holds(other, middle(box));
}

/** The face with the points of these indices moved by [dx, dy] pixels. */
export function moved(face, indices, [dx, dy]) {
  return changed(face, indices, ([x, y]) => [x + dx, y + dy]);
}

/** The face with these points turned clockwise by an angle in degrees and scaled, in their place. */
export function turned(face, indices, degrees, scale) {
  const [x0, y0, x1, y1] = boxOf(indices.map((index) => face.points[index]));
  const [cx, cy] = [(x0 + x1) / 2, (y0 + y1) / 2];
  const angle = (degrees * Math.PI) / 180;
  const [cosine, sine] = [scale * Math.cos(angle), scale * Math.sin(angle)];
  return changed(face, indices, ([x, y]) => [
    cx + cosine * (x - cx) - sine * (y - cy),
    cy + sine * (x - cx) + cosine * (y - cy),
  ]);
}

function changed(face, indices, change) {
  const points = [...face.points];
  for (const index of indices) points[index] = change(points[index]);
  return handFace(points);
}
