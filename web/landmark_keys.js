// The keyboard and the mouse: what each key does, and the short help that says so.

import { word } from "./words.js";

/** Lines of the help: what is pressed, what it does, and the action by the key's name. */
export const KEYS = [
  { label: "1  2  3", text: word("drag points, parts, the whole face"), 1: "point", 2: "part", 3: "face" },
  { label: "Shift, Ctrl", text: word("held while you drag: the part, the whole face") },
  {
    label: word("arrows"),
    text: word("move what was touched last by 1 pixel, with Shift by 10"),
    arrowleft: "left", arrowright: "right", arrowup: "up", arrowdown: "down",
    "shift+arrowleft": "far left", "shift+arrowright": "far right",
    "shift+arrowup": "far up", "shift+arrowdown": "far down",
  },
  { label: "Q  E", text: word("turn it"), q: "turn left", e: "turn right" },
  { label: "W  S", text: word("larger, smaller"), w: "larger", s: "smaller" },
  {
    label: "Ctrl+Z  Ctrl+Y",
    text: word("undo, redo"),
    "ctrl+z": "undo", "ctrl+y": "redo", "ctrl+shift+z": "redo", backspace: "undo",
  },
  { label: "A  Del", text: word("add a face by five clicks, delete it"), a: "add", delete: "delete" },
  { label: "R", text: word("back to the points that were detected"), r: "reset" },
  {
    label: word("wheel, +  −"),
    text: word("zoom (click into the editor first)"),
    "+": "zoom in", "=": "zoom in", "-": "zoom out",
  },
  { label: "0  Z", text: word("show the whole image, the face"), 0: "fit", z: "fit face" },
  { label: word("drag beside"), text: word("move the image") },
  { label: "H", text: word("hide or show the points"), h: "hide" },
  { label: "N  P", text: word("next, previous image"), n: "next", p: "previous" },
  { label: "F  Esc", text: word("fill the window; back"), f: "enlarge", escape: "escape" },
  { label: "?", text: word("this list"), "?": "help" },
];

/** The action that a key press asks for; undefined if it is none of ours. */
export function actionOf(event) {
  const name = keyName(event);
  return KEYS.find((line) => Object.hasOwn(line, name) && name !== "label" && name !== "text")?.[name];
}

function keyName(event) {
  const key = event.key.toLowerCase();
  if (event.altKey && !event.getModifierState("AltGraph")) return "";
  const control = event.ctrlKey || event.metaKey ? "ctrl+" : "";
  // Shift is a part of signs such as ? and +, not of letters and arrows.
  const shift = event.shiftKey && (key.length > 1 || /[a-z]/.test(key)) ? "shift+" : "";
  return control + shift + key;
}
