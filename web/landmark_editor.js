// The landmark editor. It knows nothing of ComfyUI: edit_landmarks.js puts it on a node.

import { ACTIONS } from "./landmark_actions.js";
import { Drawing } from "./landmark_drawing.js";
import { makeFrame, toggleWindow, windowOf } from "./landmark_frame.js";
import { listen } from "./landmark_gestures.js";
import { actionOf } from "./landmark_keys.js";
import { pick } from "./landmark_picking.js";
import { Session } from "./landmark_session.js";
import { View } from "./landmark_view.js";
import { word } from "./words.js";

const MODES = ["point", "part", "face"]; // what is dragged
const REACH_PX = 9; // pixels on the screen: so near a point is under the pointer
const BLURRED_BELOW = 6; // screen pixels to one of the picture; beyond, they are shown as squares

/**
 * Lets a person place a face's 68 landmarks on a picture.
 *
 * For tests and automation: the editor is the `landmarkEditor` of its host and of its root element,
 * `.tps-landmarks`, which has a `data-state` ("empty", "loading", "placing", "ready"). Buttons have
 * a `data-action`, dots a `data-point` within a `data-face`; `toClient` says where on the page a
 * point lies.
 */
export class LandmarkEditor {
  #host;
  #frame;
  #drawing;
  #view = new View();
  #session = new Session([], []);
  #hot = null; // { face, indices } under the pointer
  #state = "empty";
  #shown = 0; // how often `show` was called
  #reported = null; // the faces of which onChange was last told

  constructor(host, { onChange = () => {}, onNext = null, onPrevious = null } = {}) {
    Object.assign(this, { onChange, onNext, onPrevious, caption: "", note: "" });
    this.mode = MODES[0];
    this.#host = host;
    this.#frame = makeFrame(host, (action) => this.act(action));
    this.#drawing = new Drawing(this.#frame.canvas);
    const { root, stage, typed } = this.#frame;
    host.landmarkEditor = root.landmarkEditor = this;
    new ResizeObserver(() => this.#resize()).observe(stage);
    root.addEventListener("keydown", (event) => this.#press(event));
    root.addEventListener("mousedown", (event) => {
      event.preventDefault(); // or the focus would leave the keys
      typed.focus({ preventScroll: true });
    });
    listen(stage, this.#hand());
    this.#render();
  }

  /**
   * Shows a picture of `size` [w, h] with its faces, those of a sidecar. Resolves when the picture
   * is there. detected: what "reset" goes back to.
   */
  async show(url, size, faces, { detected = faces } = {}) {
    const turn = ++this.#shown;
    const { picture } = this.#frame;
    this.#session = new Session(faces, detected);
    this.#reported = this.#session.faces;
    this.#hot = null;
    Object.assign(picture.style, { width: `${size[0]}px`, height: `${size[1]}px` });
    this.#view.picture = size;
    this.#view.fit();
    this.say("", "loading");
    picture.src = url;
    try {
      await picture.decode();
    } catch {
      if (turn === this.#shown) this.say(word("The image can't be shown."));
      throw new Error(`${url}: the picture can't be shown`);
    }
    if (turn === this.#shown) this.say("", "ready"); // else another one has been asked for since
  }

  /** The faces, as a sidecar has them; those that a person changed are by "hand", with score 1. */
  get faces() {
    return structuredClone(this.#session.faces);
  }

  /** Replaces the faces, keeping the view; what was undone or can be undone is forgotten. */
  replace(faces, detected) {
    this.#session = new Session(faces, detected);
    this.#reported = this.#session.faces;
    this.#hot = null;
    this.#render();
  }

  /**
   * Says what lies around the picture. onNext, onPrevious: as for the constructor. caption: which
   * picture it is, as "2 of 5". note: a few words of warning.
   */
  place({ onNext, onPrevious, caption, note }) {
    Object.assign(this, { onNext, onPrevious, caption, note });
    this.#render();
  }

  /** Shows a sentence in place of the picture. */
  say(sentence, state = "empty") {
    this.#frame.message.textContent = sentence;
    this.#state = state;
    this.#render();
  }

  /** Takes the editor off the page. */
  destroy() {
    const { root } = this.#frame;
    if (windowOf(root)) toggleWindow(root, this.#host);
    root.remove();
  }

  /** Where on the page, in client coordinates, a point [x, y] of the picture lies. */
  toClient(point) {
    const { left, top } = this.#frame.stage.getBoundingClientRect();
    const [x, y] = this.#view.toStage(point).map((value) => value / this.#unit);
    return [left + x, top + y];
  }

  /** Does what a button or a key stands for; landmark_actions.js has most of the names. */
  act(action) {
    const { root } = this.#frame;
    if (action === "next") this.onNext?.();
    else if (action === "previous") this.onPrevious?.();
    else if (action === "help") root.toggleAttribute("data-help");
    else if (action === "hide") root.toggleAttribute("data-hidden");
    else if (action === "enlarge") toggleWindow(root, this.#host);
    else if (action === "escape") this.#escape();
    else if (MODES.includes(action)) this.mode = action;
    else if (this.#state === "ready") ACTIONS[action]?.(this.#session, this.#view);
    this.#update();
  }

  // What gestures do: see landmark_gestures.js.
  #hand() {
    const session = () => this.#session;
    const done = (action) => (...given) => {
      action(...given);
      this.#update();
    };
    return {
      at: (event) => this.#at(event),
      unit: () => this.#unit,
      ready: () => this.#state === "ready",
      focused: () => this.#frame.root.contains(document.activeElement),
      hover: done((at, event) => (this.#hot = this.#pick(at, event))),
      leave: done(() => (this.#hot = null)),
      grab: (at, event) => {
        const target = this.#pick(at, event);
        if (target) session().select(target);
        this.#update();
        return Boolean(target);
      },
      drag: (from, to) => {
        const [start, end] = [from, to].map((at) => this.#view.toPicture(at));
        session().drag([end[0] - start[0], end[1] - start[1]]);
        this.#render();
      },
      drop: done(() => session().drop()),
      cancel: done(() => session().release()),
      click: done((at) => session().clicks && session().click(this.#view.toPicture(at))),
      pan: done((way) => this.#view.pan(way)),
      zoom: done((factor, at) => this.#view.zoom(factor, at)),
    };
  }

  #pick(at, event) {
    const hidden = this.#frame.root.hasAttribute("data-hidden");
    if (this.#session.clicks || hidden) return null;
    const held = event.ctrlKey || event.metaKey ? "face" : event.shiftKey ? "part" : null;
    const faces = this.#session.faces.map((face) => this.#onStage(face.points));
    return pick(faces, at, held ?? this.mode, REACH_PX * this.#unit, this.#session.active);
  }

  #press(event) {
    const action = actionOf(event);
    // The page's own shortcuts work, and so does its way out where there is nothing to leave here.
    if (!action || (action === "escape" && !this.#canEscape)) return;
    event.preventDefault();
    event.stopPropagation();
    this.act(action);
  }

  get #canEscape() {
    const { root } = this.#frame;
    return root.hasAttribute("data-help") || this.#session.clicks !== null || windowOf(root) !== null;
  }

  #escape() {
    const { root } = this.#frame;
    if (root.hasAttribute("data-help")) root.removeAttribute("data-help");
    else if (this.#session.clicks?.length) this.#session.giveUp();
    else if (windowOf(root)) toggleWindow(root, this.#host);
    else this.#session.giveUp();
  }

  #resize() {
    const { clientWidth, clientHeight } = this.#frame.stage;
    if (clientWidth && clientHeight) this.#view.resize([clientWidth, clientHeight]);
    this.#render();
  }

  // Draws, and tells of changed faces.
  #update() {
    this.#render();
    if (this.#session.faces === this.#reported) return;
    this.#reported = this.#session.faces;
    this.onChange(this.faces);
  }

  #render() {
    const [session, view, frame] = [this.#session, this.#view, this.#frame];
    const ready = this.#state === "ready";
    const placing = ready && session.clicks !== null;
    frame.root.dataset.state = placing ? "placing" : this.#state;
    if (placing) frame.prompt.ask(session.clicks.length, !session.face);
    const [x, y] = view.offset;
    frame.picture.style.transform = `translate(${x}px, ${y}px) scale(${view.scale})`;
    frame.picture.style.visibility = ready ? "visible" : "hidden";
    const close = view.scale / this.#unit > BLURRED_BELOW;
    frame.picture.style.imageRendering = close ? "pixelated" : "auto";
    frame.stage.classList.toggle("over", ready && this.#hot !== null);
    this.#drawing.render({
      faces: ready ? session.faces.map((face) => this.#onStage(face.points)) : [],
      clicks: placing ? this.#onStage(session.clicks) : [],
      active: session.active,
      hot: this.#hot,
      selected: session.selected,
      unit: this.#unit,
    });
    frame.describe({
      ready,
      session,
      mode: this.mode,
      caption: this.caption,
      note: this.note,
      next: Boolean(this.onNext),
      previous: Boolean(this.onPrevious),
    });
  }

  #onStage(points) {
    return points.map((point) => this.#view.toStage(point));
  }

  #at(event) {
    const { left, top } = this.#frame.stage.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top].map((value) => value * this.#unit);
  }

  // How many stage pixels make one on the screen: ComfyUI scales nodes with its canvas.
  get #unit() {
    const { stage } = this.#frame;
    return stage.clientWidth / stage.getBoundingClientRect().width || 1;
  }
}
