// What lies under the pointer.

import { ALL_POINTS, LINES, PARTS } from "./landmark_parts.js";
import { boxOf } from "./landmark_faces.js";

/**
 * What would be dragged at `at`: { face, indices, name }, or null.
 * faces: lists of 68 points; `at` and the points in stage coordinates. reach: how far off one may
 * be. kind: "point", "part" or "face".
 */
export function pick(faces, at, kind, reach, active) {
  // The active face first: of two that overlap it is the one that is meant.
  const order = [active, ...faces.keys()].filter((face) => face in faces);
  for (const face of order) {
    const found = { point: pickPoint, part: pickPart, face: pickFace }[kind](faces[face], at, reach);
    if (found) return { face, ...found };
  }
  return null;
}

function pickPoint(points, at, reach) {
  const distances = points.map((point) => distance(point, at));
  const nearest = distances.indexOf(Math.min(...distances));
  return distances[nearest] <= reach ? { indices: [nearest], name: `point ${nearest}` } : null;
}

function pickPart(points, at, reach) {
  const distances = LINES.map((line) => {
    const along = line.points.map((index) => points[index]);
    const inside = line.closed && encloses(along, at);
    return inside ? 0 : toLine(line.closed ? [...along, along[0]] : along, at);
  });
  const nearest = distances.indexOf(Math.min(...distances));
  if (distances[nearest] > reach) return null;
  const { part } = LINES[nearest];
  return { indices: PARTS[part], name: part.replace("_", " ") };
}

function pickFace(points, at, reach) {
  const [x0, y0, x1, y1] = boxOf(points);
  const inside =
    at[0] > x0 - reach && at[0] < x1 + reach && at[1] > y0 - reach && at[1] < y1 + reach;
  return inside ? { indices: ALL_POINTS, name: "face" } : null;
}

const distance = (p, q) => Math.hypot(p[0] - q[0], p[1] - q[1]);

function toLine(line, at) {
  const distances = line.slice(1).map((end, index) => {
    const start = line[index];
    const [dx, dy] = [end[0] - start[0], end[1] - start[1]];
    const along = ((at[0] - start[0]) * dx + (at[1] - start[1]) * dy) / (dx * dx + dy * dy || 1);
    const share = Math.min(Math.max(along, 0), 1);
    return distance([start[0] + share * dx, start[1] + share * dy], at);
  });
  return Math.min(...distances);
}

function encloses(ring, [x, y]) {
  let inside = false;
  ring.forEach(([x1, y1], index) => {
    const [x0, y0] = ring.at(index - 1);
    if (y0 > y !== y1 > y && x < x0 + ((x1 - x0) * (y - y0)) / (y1 - y0)) inside = !inside;
  });
  return inside;
}
