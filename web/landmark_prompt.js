// Says which of the five places to click next, with a small face that shows it.

import { path, svg } from "./landmark_drawing.js";
import { LINES } from "./landmark_parts.js";
import { CLICKS } from "./landmark_template.js";
import { MEAN_FACE } from "./mean_face.js";
import { word } from "./words.js";

/**
 * The prompt's element, and `ask(done, first)`, which asks for the click after `done` others.
 * first: whether there is no face yet.
 */
export function makePrompt() {
  const element = document.createElement("div");
  element.className = "prompt";
  const face = svg("svg", { viewBox: "-0.85 -0.7 1.7 1.62", "aria-hidden": true });
  for (const line of LINES) {
    face.append(svg("path", { d: path(line.points.map((i) => MEAN_FACE[i]), line.closed) }));
  }
  const dots = CLICKS.map(({ at: [x, y] }) => svg("circle", { cx: x, cy: y }));
  face.append(...dots);
  const text = document.createElement("span");
  element.append(face, text);
  const ask = (done, first) => {
    dots.forEach((dot, index) => {
      dot.setAttribute("r", index === done ? 0.12 : 0.07);
      dot.setAttribute("class", index < done ? "done" : index === done ? "next" : "");
    });
    const missing = first && done === 0 ? word("No face here yet. ") : "";
    const [number, { hint }] = [done + 1, CLICKS[done]];
    const asked = word("Click {number} of {count}: {hint}", { number, count: CLICKS.length, hint });
    text.textContent = missing + asked;
  };
  return { element, ask };
}
