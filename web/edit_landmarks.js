// Puts the landmark editor on the node Edit Face Landmarks.
//
// The node's `edits` hold what a person placed, as text: see tps_core/landmark_files/edits.py. A run of
// the node says where its pictures can be had and which faces were found in them.

import { app } from "../../scripts/app.js";
import { api } from "../../scripts/api.js";
import { LandmarkEditor } from "./landmark_editor.js";
import { word } from "./words.js";

const NODE = "TPSPortraitEditLandmarks";
const NODE_SIZE = [460, 560];
const LEAST_HEIGHT_PX = 300; // pixels that the editor is high at least
const WAITING = word("Run the workflow once: the image then appears here.");
// The last run's pictures by node: a workflow that is opened again, or undone, makes new nodes.
const lastRuns = new Map();

app.registerExtension({
  name: "TPSPortrait.EditLandmarks",
  beforeRegisterNodeDef(nodeType, nodeData) {
    // The field's tooltip is for those who see the field: with this script nobody does.
    if (nodeData.name === NODE) delete nodeData.input.optional.edits[1].tooltip;
  },
  nodeCreated(node) {
    if (node.comfyClass === NODE) new NodeEditor(node);
  },
});

/** The editor on one node. */
class NodeEditor {
  #pictures = []; // of the last run: { digest, picture, size, found }
  #index = 0;
  #edits = {}; // by digest: { size, faces }
  #foreign = null; // a text in the field that the editor can't read; the run says what is wrong

  constructor(node) {
    this.node = node;
    const host = document.createElement("div");
    host.className = "widget-expands"; // takes all the height of the node in Nodes 2.0
    Object.assign(host.style, { width: "100%", height: "100%", minHeight: `${LEAST_HEIGHT_PX}px` });
    this.editor = new LandmarkEditor(host, { onChange: (faces) => this.#keep(faces) });
    this.editor.say(WAITING);
    this.#replaceField(host);
    const { onExecuted, onConfigure } = node;
    node.onExecuted = (output) => {
      onExecuted?.call(node, output);
      if (output.landmark_editor) this.#take(output.landmark_editor);
    };
    node.onConfigure = (saved) => {
      onConfigure?.call(node, saved);
      this.#recall();
    };
    node.setSize(NODE_SIZE);
    forwardToCanvas(host);
  }

  // The editor stands where the text field stood, under its name, and is saved as it was.
  #replaceField(host) {
    const { node } = this;
    const place = node.widgets.findIndex((widget) => widget.name === "edits");
    node.widgets.splice(place, 1);
    const widget = node.addDOMWidget("edits", "tps_landmarks", host, {
      serialize: true,
      hideOnZoom: false,
      getMinHeight: () => LEAST_HEIGHT_PX,
      getValue: () => this.#text,
      setValue: (text) => this.#read(text),
    });
    widget.serialize = true;
    // It is as wide as its node: the properties panel writes its own width here, and leaves it.
    Object.defineProperty(widget, "width", { get: () => undefined, set: () => {} });
    node.widgets.splice(place, 0, node.widgets.pop());
  }

  get #text() {
    if (this.#foreign !== null) return this.#foreign;
    return Object.keys(this.#edits).length ? JSON.stringify({ images: this.#edits }) : "";
  }

  #read(text) {
    this.#edits = readEdits(text) ?? {};
    this.#foreign = readEdits(text) ? null : text;
    const picture = this.#pictures[this.#index];
    if (picture) this.editor.replace(this.#facesOf(picture), picture.found);
  }

  #keep(faces) {
    this.#foreign = null;
    const { digest, size, found } = this.#pictures[this.#index];
    if (JSON.stringify(faces) === JSON.stringify(found)) delete this.#edits[digest];
    else this.#edits[digest] = { size, faces };
    this.node.graph?.change?.();
    // ComfyUI marks the workflow as changed when it looks, which it does after clicks on its own.
    app.extensionManager?.workflow?.activeWorkflow?.changeTracker?.checkState();
  }

  #facesOf({ digest, found }) {
    return this.#edits[digest]?.faces ?? found;
  }

  #take(pictures) {
    lastRuns.set(this.#key, pictures);
    const shown = this.#pictures[this.#index];
    this.#pictures = pictures;
    const again = pictures.findIndex((picture) => picture.digest === shown?.digest);
    if (again < 0) {
      this.#show(0);
      return;
    }
    // A run in the midst of the work doesn't disturb it, unless other faces were found.
    this.#index = again;
    this.#showNeighbours();
    const found = pictures[again].found;
    const same = JSON.stringify(found) === JSON.stringify(shown.found);
    if (!same) this.editor.replace(this.#facesOf(pictures[again]), found);
  }

  #recall() {
    const pictures = lastRuns.get(this.#key);
    if (!pictures || this.#pictures.length) return;
    this.#pictures = pictures;
    this.#show(0);
  }

  get #key() {
    return `${this.node.graph?.id} ${this.node.id}`;
  }

  #show(index) {
    this.#index = index;
    const shown = this.#pictures[index];
    const address = api.apiURL(`/view?${new URLSearchParams(shown.picture)}`);
    this.#showNeighbours();
    this.editor
      .show(address, shown.size, this.#facesOf(shown), {
        detected: shown.found,
      })
      .catch(() => this.editor.say(WAITING)); // a restart of ComfyUI empties its temp folder
  }

  #showNeighbours() {
    const [index, last] = [this.#index, this.#pictures.length - 1];
    const empty = [...this.#pictures.keys()].filter(
      (place) => place !== index && !this.#facesOf(this.#pictures[place]).length,
    );
    const numbers = empty.map((place) => place + 1).join(", ");
    this.editor.place({
      onPrevious: index > 0 ? () => this.#show(index - 1) : null,
      onNext: index < last ? () => this.#show(index + 1) : null,
      caption: word("{number} of {count}", { number: index + 1, count: last + 1 }),
      note: empty.length ? word("no face in {numbers}", { numbers }) : "",
    });
  }
}

// What a person placed, by digest; undefined for a text that the editor hasn't written.
function readEdits(text) {
  if (!text?.trim()) return {};
  try {
    const { images } = JSON.parse(text);
    return Object.values(images).every(({ faces }) => Array.isArray(faces)) ? images : undefined;
  } catch {
    return undefined;
  }
}

// What the editor doesn't want moves and zooms the workflow, as it does on any node.
function forwardToCanvas(host) {
  const { canvas } = app;
  host.addEventListener("wheel", (event) => {
    if (window.LiteGraph?.vueNodesMode || event.defaultPrevented) return;
    canvas.processMouseWheel(event);
  });
  const onMiddle = (process) => (event) => {
    if (event.buttons & 4 || event.button === 1) process.call(canvas, event);
  };
  host.addEventListener("pointerdown", onMiddle(canvas.processMouseDown));
  host.addEventListener("pointermove", onMiddle(canvas.processMouseMove));
  host.addEventListener("pointerup", onMiddle(canvas.processMouseUp));
}
