// The editor's buttons.

import { word } from "./words.js";

const ICONS = {
  point: '<circle cx="8" cy="8" r="2.6" class="full"/><path d="M8 1.5v2.6M8 11.9v2.6M1.5 8h2.6M11.9 8h2.6"/>',
  part: '<path d="M1.5 8C4 5 6 4.6 8 6c2-1.4 4-1 6.5 2-3.5 4.6-9.5 4.6-13 0zM1.5 8h13"/>',
  face: '<path d="M3 2.5v5c0 4 2.5 6.5 5 6.5s5-2.5 5-6.5v-5M6 9.8c1.3 1 2.7 1 4 0"/><circle cx="5.9" cy="5.8" r="1" class="full"/><circle cx="10.1" cy="5.8" r="1" class="full"/>',
  undo: '<path d="M5.5 3L2.5 6l3 3M2.5 6H10a3.5 3.5 0 0 1 0 7H6"/>',
  redo: '<path d="M10.5 3l3 3-3 3M13.5 6H6a3.5 3.5 0 0 0 0 7h4"/>',
  add: '<g class="full"><circle cx="4" cy="4" r="1.3"/><circle cx="9.5" cy="4" r="1.3"/><circle cx="6.7" cy="7.5" r="1.3"/><circle cx="4.5" cy="11" r="1.3"/><circle cx="9" cy="11" r="1.3"/></g><path d="M13 9.5v4M11 11.5h4"/>',
  delete: '<path d="M2.5 4h11M6 4V2.5h4V4M4 4l.7 9.5h6.6L12 4M6.7 6.5v4.5M9.3 6.5v4.5"/>',
  reset: '<path d="M13 8a5 5 0 1 1-1.6-3.7M13 1.8v3h-3"/>',
  hide: '<path d="M1.5 8C4 4.5 6 3.6 8 3.6s4 .9 6.5 4.4C12 11.5 10 12.4 8 12.4S4 11.5 1.5 8z"/><circle cx="8" cy="8" r="2"/>',
  help: '<path d="M5.3 5.7a2.7 2.7 0 1 1 4 2.3C8.3 8.6 8 9.2 8 10.2"/><circle cx="8" cy="12.8" r=".9" class="full"/>',
  enlarge: '<path d="M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10"/>',
  previous: '<path d="M10 3L5 8l5 5"/>',
  next: '<path d="M6 3l5 5-5 5"/>',
  "zoom out": '<path d="M3 8h10"/>',
  "zoom in": '<path d="M3 8h10M8 3v10"/>',
  "fit face": '<path d="M2 5V2h3M11 2h3v3M14 11v3h-3M5 14H2v-3"/><path d="M5 5.5v2.5c0 2 1.5 3.5 3 3.5s3-1.5 3-3.5V5.5"/>',
  fit: '<rect x="2.5" y="3.5" width="11" height="9" rx="1"/><path d="M5 6h6v4H5z"/>',
};

/** The buttons above the picture, in groups; each is an action and what it does. */
export const TOP = [
  [
    ["point", word("Drag single points (1)")],
    ["part", word("Drag parts: a brow, an eye, the nose, the mouth, the jaw (2, or hold Shift)")],
    ["face", word("Drag the whole face (3, or hold Ctrl)")],
  ],
  [
    ["undo", word("Undo (Ctrl+Z)")],
    ["redo", word("Redo (Ctrl+Y)")],
  ],
  [
    ["add", word("Place a face by five clicks (A)")],
    ["delete", word("Delete this face (Delete)")],
    ["reset", word("Back to the points that were detected (R)")],
  ],
  [
    ["hide", word("Hide or show the points (H)")],
    ["help", word("Keys (?)")],
    ["enlarge", word("Fill the window (F)")],
  ],
];

export const PICTURES = [
  ["previous", word("Previous image (P)")],
  ["next", word("Next image (N)")],
];

export const ZOOM = [
  ["zoom out", word("Smaller (−)")],
  ["fit", word("The whole image (0)")],
  ["zoom in", word("Larger (+, or the wheel)")],
  ["fit face", word("The face (Z)")],
];

/** A group of buttons; `act` is called with the action of the one that is pressed. */
export function makeButtons(buttons, act) {
  const group = document.createElement("div");
  group.className = "group";
  for (const [action, title] of buttons) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.action = action;
    button.title = title;
    button.setAttribute("aria-label", title);
    button.innerHTML = `<svg viewBox="0 0 16 16" aria-hidden="true">${ICONS[action]}</svg>`;
    button.addEventListener("click", () => act(action));
    group.append(button);
  }
  return group;
}
