// The work on one picture: its faces, the clicks of a new one, what is selected, undo and redo.

import { handFace, moved, onePlace } from "./landmark_faces.js";
import { History } from "./landmark_history.js";
import { CLICKS, fitTemplate } from "./landmark_template.js";

export class Session {
  #history;
  #detected;
  #dragged = null; // the state while something is being dragged
  selected = null; // { face, indices }: what was touched last, and what the keys move

  /** faces: those to begin with. detected: those that `reset` goes back to. */
  constructor(faces, detected) {
    this.#detected = structuredClone(detected);
    this.#history = new History({
      faces: structuredClone(faces),
      active: 0, // the face that is worked on
      clicks: faces.length ? null : [], // of the five that place a face; null when none is placed
    });
  }

  get faces() {
    return this.#state.faces;
  }

  get active() {
    return this.#state.active;
  }

  get clicks() {
    return this.#state.clicks;
  }

  get face() {
    return this.faces[this.active];
  }

  get canUndo() {
    return this.#history.canUndo;
  }

  get canRedo() {
    return this.#history.canRedo;
  }

  /** Begins to place a face by five clicks. */
  begin() {
    this.#push({ clicks: [] });
  }

  /**
   * Takes a click at [x, y] of the picture; the last of the five makes a face. It replaces those
   * that lie in its place, which were wrong, or nobody would have placed another there.
   */
  click(point) {
    const clicks = [...this.clicks, point];
    if (clicks.length < CLICKS.length) {
      this.#push({ clicks });
      return;
    }
    const placed = handFace(fitTemplate(clicks));
    const faces = [...this.faces.filter((face) => !onePlace(face.box, placed.box)), placed];
    this.#push({ faces, active: faces.length - 1, clicks: null });
  }

  /** Gives up placing a face. */
  giveUp() {
    if (this.clicks) this.#push({ clicks: null });
  }

  /** Selects { face, indices } and makes its face the one that is worked on. */
  select(target) {
    this.selected = target;
    this.#history.state = { ...this.#history.state, active: target.face }; // nothing to undo
  }

  /** Moves what is selected by [dx, dy] pixels from where it was, until `drop` or `release`. */
  drag(shift) {
    this.#dragged = this.#changed(moved, shift);
  }

  /** Leaves what was dragged where it is. */
  drop() {
    if (this.#dragged) this.#push(this.#dragged);
  }

  /** Puts what was dragged back. */
  release() {
    this.#dragged = null;
  }

  /** Changes what is selected, or the whole face, by `moved` or `turned` with these arguments. */
  change(how, ...amount) {
    if (this.face) this.#push(this.#changed(how, ...amount));
  }

  /** Deletes the face that is worked on. */
  delete() {
    if (!this.face) return;
    const faces = this.faces.filter((face) => face !== this.face);
    this.#push({ faces, active: Math.max(0, this.active - 1) });
  }

  /** Goes back to the detected faces. */
  reset() {
    const faces = this.#detected;
    this.#push({ faces, active: 0, clicks: faces.length ? null : [] });
  }

  undo() {
    this.#recall("undo");
  }

  redo() {
    this.#recall("redo");
  }

  get #state() {
    return this.#dragged ?? this.#history.state;
  }

  #changed(how, ...amount) {
    const { faces, active } = this.#history.state;
    const indices = this.selected?.indices ?? [...faces[active].points.keys()];
    const changed = how(faces[active], indices, ...amount);
    return { ...this.#history.state, faces: faces.with(active, changed) };
  }

  #push(change) {
    this.#dragged = null;
    this.#history.push({ ...this.#history.state, ...change });
    this.#keepSelection();
  }

  #recall(direction) {
    this.#dragged = null;
    this.#history[direction]();
    this.#keepSelection();
  }

  // A selection in a face that is not worked on any more is none.
  #keepSelection() {
    if (this.selected?.face !== this.active || !this.face) this.selected = null;
  }
}
