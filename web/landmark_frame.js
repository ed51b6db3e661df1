// The editor's elements: bars of buttons, the stage with the picture, the help, the full window.

import { svg } from "./landmark_drawing.js";
import { KEYS } from "./landmark_keys.js";
import { makePrompt } from "./landmark_prompt.js";
import { addStyle } from "./landmark_style.js";
import { makeButtons, PICTURES, TOP, ZOOM } from "./landmark_toolbar.js";
import { word } from "./words.js";

const HINTS = {
  loading: word("Loading…"),
  empty: "",
  placing: word("The wheel zooms, dragging moves the image, Esc gives up."),
  "no face": word("No face: press A to place one by five clicks."),
  face: word("Drag a point. Shift: its part. Ctrl: the face. ?: all keys."),
};

/**
 * Builds the editor's elements in `host` and returns them, with `describe`, which fits buttons and
 * texts to the state of the work. `act` is called with the action of a button that is pressed.
 */
export function makeFrame(host, act) {
  addStyle();
  const root = element("div", "tps-landmarks");
  root.title = ""; // no tooltip of the page's covers the picture
  // What is typed goes into an input, because pages leave the keys that go there alone.
  const typed = element("input", "typed");
  typed.readOnly = true;
  typed.setAttribute("aria-label", word("Landmark editor; press ? for its keys"));
  const top = element("div", "bar");
  top.append(...TOP.map((buttons) => makeButtons(buttons, act)));
  const stage = element("div", "stage");
  const picture = element("img");
  picture.alt = "";
  picture.draggable = false;
  const canvas = svg("svg");
  const message = element("div", "message");
  const prompt = makePrompt();
  const bottom = element("div", "bar");
  const pictures = makeButtons(PICTURES, act);
  const which = element("span", "caption");
  pictures.lastChild.before(which);
  const warning = element("span", "warning");
  const hint = element("span", "hint");
  stage.append(picture, canvas, message, prompt.element, makeHelp());
  bottom.append(pictures, warning, hint, makeButtons(ZOOM, act));
  root.append(typed, top, stage, bottom);
  host.append(root);
  keepFocusHonest(root, typed);

  const button = (action) => root.querySelector(`[data-action="${action}"]`);
  const describe = ({ ready, session, mode, caption, note, next, previous }) => {
    for (const name of ["point", "part", "face"]) {
      button(name).setAttribute("aria-pressed", name === mode);
    }
    button("add").setAttribute("aria-pressed", ready && session.clicks !== null);
    button("hide").setAttribute("aria-pressed", root.hasAttribute("data-hidden"));
    button("help").setAttribute("aria-pressed", root.hasAttribute("data-help"));
    button("undo").disabled = !ready || !session.canUndo;
    button("redo").disabled = !ready || !session.canRedo;
    for (const name of ["delete", "fit face"]) button(name).disabled = !ready || !session.face;
    button("next").disabled = !next;
    button("previous").disabled = !previous;
    which.textContent = caption;
    warning.textContent = note;
    pictures.style.display = next || previous ? "" : "none";
    const state = root.dataset.state;
    hint.textContent = HINTS[state] ?? HINTS[session.face ? "face" : "no face"];
    hint.title = hint.textContent;
  };
  return { root, typed, stage, picture, canvas, message, prompt, describe };
}

/** The dialog in which the root element fills the window; null while it doesn't. */
export function windowOf(root) {
  return root.closest(".tps-landmarks-window");
}

/** Fills the window with the root element, or puts it back into its host. */
export function toggleWindow(root, host) {
  const open = windowOf(root);
  if (open) {
    open.close();
    return;
  }
  const dialog = element("dialog", "tps-landmarks-window");
  dialog.addEventListener("close", () => {
    host.append(root);
    dialog.remove();
  });
  dialog.append(root);
  document.body.append(dialog);
  dialog.showModal();
  root.querySelector(".typed").focus();
}

function makeHelp() {
  const help = element("div", "keys");
  for (const { label, text } of KEYS) {
    help.append(element("b", "", label), element("span", "", text));
  }
  return help;
}

// Shows that keys are the editor's, and gives them back when something else is clicked: a canvas
// doesn't take the focus by itself, and Delete would delete a face in place of what is selected.
function keepFocusHonest(root, typed) {
  const leave = (event) => {
    if (!root.contains(event.target)) typed.blur();
  };
  root.addEventListener("focusin", () => {
    root.setAttribute("data-focus", "");
    root.setAttribute("data-capture-wheel", "true"); // ComfyUI's word for: the wheel is mine
    document.addEventListener("pointerdown", leave, true);
  });
  root.addEventListener("focusout", () => {
    root.removeAttribute("data-focus");
    root.removeAttribute("data-capture-wheel");
    document.removeEventListener("pointerdown", leave, true);
  });
}

function element(name, className = "", text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}
