// The keyboard and the mouse: what each key does, and the short help that says so.

/** Lines of the help: what is pressed, what it does, and the action by the key's name. */
export const KEYS = [
  { label: "1  2  3", text: "drag points, parts, the whole face", 1: "point", 2: "part", 3: "face" },
  { label: "Shift, Ctrl", text: "held while you drag: the part, the whole face" },
  {
    label: "arrows",
    text: "move what was touched last by 1 pixel, with Shift by 10",
    arrowleft: "left", arrowright: "right", arrowup: "up", arrowdown: "down",
    "shift+arrowleft": "far left", "shift+arrowright": "far right",
    "shift+arrowup": "far up", "shift+arrowdown": "far down",
  },
  { label: "Q  E", text: "turn it", q: "turn left", e: "turn right" },
  { label: "W  S", text: "larger, smaller", w: "larger", s: "smaller" },
  {
    label: "Ctrl+Z  Ctrl+Y",
    text: "undo, redo",
    "ctrl+z": "undo", "ctrl+y": "redo", "ctrl+shift+z": "redo", backspace: "undo",
  },
  { label: "A  Del", text: "add a face by five clicks, delete it", a: "add", delete: "delete" },
  { label: "R", text: "back to the points that were detected", r: "reset" },
  { label: "wheel, +  −", text: "zoom (click into the editor first)", "+": "zoom in", "=": "zoom in", "-": "zoom out" },
  { label: "0  Z", text: "show the whole picture, the face", 0: "fit", z: "fit face" },
  { label: "drag beside", text: "move the picture" },
  { label: "H", text: "hide or show the points", h: "hide" },
  { label: "N  P", text: "next, previous picture", n: "next", p: "previous" },
  { label: "F  Esc", text: "fill the window; back", f: "enlarge", escape: "escape" },
  { label: "?", text: "this list", "?": "help" },
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
