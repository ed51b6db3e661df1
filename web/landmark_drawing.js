// Draws faces on the stage: lines and dots that keep their size, however far the picture is zoomed.

import { boxOf } from "./landmark_faces.js";
import { ALL_POINTS, LINES, partOf } from "./landmark_parts.js";

const SVG = "http://www.w3.org/2000/svg";
// A face that is less high than this on the screen has smaller dots: they would cover it.
const FULL_HEIGHT = 260;
const LEAST_DOT_SHARE = 0.45;
const THINNEST_LINES = 0.75;

/** A new SVG element with these attributes. */
export function svg(name, attributes = {}) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

/** The path along points, closed or not. */
export function path(points, closed) {
  return `M${points.map(([x, y]) => `${x.toFixed(2)} ${y.toFixed(2)}`).join("L")}${closed ? "Z" : ""}`;
}

/** What is drawn of faces in an SVG element. */
export class Drawing {
  #faces = [];
  #marks;

  constructor(canvas) {
    this.canvas = canvas;
    this.#marks = canvas.appendChild(svg("g"));
  }

  /**
   * faces: lists of 68 points; clicks: the points clicked so far; both in stage coordinates.
   * active: the face that is worked on. hot, selected: { face, indices } or null. unit: how many
   * stage pixels make one on the screen.
   */
  render({ faces, clicks, active, hot, selected, unit }) {
    this.#marks.style.setProperty("--unit", unit);
    while (this.#faces.length > faces.length) this.#faces.pop().group.remove();
    while (this.#faces.length < faces.length) this.#faces.push(this.#newFace(this.#faces.length));
    faces.forEach((points, face) => {
      const { group, lines, dots } = this.#faces[face];
      group.classList.toggle("active", face === active);
      const [, top, , bottom] = boxOf(points);
      const share = (bottom - top) / unit / FULL_HEIGHT;
      const size = (smallest) => unit * Math.min(Math.max(share, smallest), 1);
      group.style.setProperty("--dot", size(LEAST_DOT_SHARE));
      group.style.setProperty("--line", size(THINNEST_LINES));
      lines.forEach(({ line, elements }) => {
        const along = path(line.points.map((index) => points[index]), line.closed);
        for (const element of elements) element.setAttribute("d", along);
      });
      const marked = (what) => new Set(what?.face === face ? what.indices : []);
      const [hotPoints, selectedPoints] = [marked(hot), marked(selected)];
      dots.forEach((dot, index) => {
        dot.setAttribute("cx", points[index][0].toFixed(2));
        dot.setAttribute("cy", points[index][1].toFixed(2));
        dot.classList.toggle("hot", hotPoints.has(index));
        dot.classList.toggle("selected", selectedPoints.has(index));
      });
    });
    this.#marks.replaceChildren(...clicks.map(mark));
  }

  #newFace(face) {
    const group = svg("g", { class: "face", "data-face": face });
    const lines = LINES.map((line) => {
      const elements = ["under", "over"].map((layer) =>
        svg("path", { class: layer, "data-part": line.part }),
      );
      return { line, elements };
    });
    for (const layer of [0, 1]) group.append(...lines.map(({ elements }) => elements[layer]));
    const dots = ALL_POINTS.map((index) =>
      svg("circle", { class: "dot", "data-point": index, "data-part": partOf(index) }),
    );
    group.append(...dots);
    this.canvas.insertBefore(group, this.#marks);
    return { group, lines, dots };
  }
}

function mark([x, y], index) {
  const group = svg("g", { class: "mark", transform: `translate(${x} ${y})` });
  group.append(svg("path", { class: "under", d: "M-9 0H9M0 -9V9" }));
  group.append(svg("path", { class: "over", d: "M-9 0H9M0 -9V9" }));
  const number = svg("text", { x: 7, y: -7 });
  number.textContent = index + 1;
  group.append(number);
  return group;
}
