// Shows what a node tells the person (nodes/node_text.py): in a toast, and on the node, where it
// stays. ComfyUI's own line of progress goes when the job ends, and a job that is cancelled leaves
// its node no output.

import { app } from "../../scripts/app.js";
import { api } from "../../scripts/api.js";

const TOLD = "tps_portrait_told";
const TOAST_MS = 12_000; // milliseconds that a toast stays
const LINE_PX = 17; // pixels
const widgets = new WeakMap(); // by node: the line on it

app.registerExtension({
  name: "TPSPortrait.Told",
  setup() {
    api.addEventListener(TOLD, ({ detail: { node: id, text, new_file: newFile } }) => {
      const node = nodeOf(id);
      if (node) show(node, text);
      const toast = { severity: "success", summary: node?.title ?? "TPS Portrait", detail: text };
      app.extensionManager?.toast?.add({ ...toast, life: TOAST_MS });
      if (newFile) renewLists();
    });
  },
  nodeCreated(node) {
    if (!isOurs(node)) return;
    const { onExecuted } = node;
    node.onExecuted = (output) => {
      onExecuted?.call(node, output);
      if (output?.[TOLD]) show(node, output[TOLD][0]);
    };
  },
});

function isOurs(node) {
  return Boolean(node?.comfyClass?.startsWith("TPSPortrait"));
}

// The node of an id such as 5, or 5:3 for the third of subgraph 5; null if the workflow that is
// open has none of ours there.
function nodeOf(id) {
  let graph = app.rootGraph ?? app.graph;
  let node = null;
  for (const part of String(id).split(":")) {
    node = graph?.getNodeById(Number(part));
    graph = node?.subgraph;
  }
  return isOurs(node) ? node : null;
}

function show(node, text) {
  const widget = widgets.get(node) ?? addLine(node);
  widget.element.textContent = text;
  const [width, height] = node.size;
  node.setSize([width, Math.max(height, node.computeSize()[1])]);
  app.canvas?.setDirty(true, true);
}

function addLine(node) {
  const line = document.createElement("div");
  line.className = "tps-told";
  Object.assign(line.style, {
    font: `12px/${LINE_PX}px system-ui, sans-serif`, overflow: "auto", padding: "2px 6px",
    color: "var(--input-text, #ddd)", userSelect: "text", overflowWrap: "anywhere",
  });
  const height = () => 3 * LINE_PX + 4;
  const widget = node.addDOMWidget(TOLD, "tps_told", line, {
    serialize: false, // it is no input
    hideOnZoom: false,
    getMinHeight: height,
    getMaxHeight: height,
    getValue: () => line.textContent,
    setValue: () => {},
  });
  widget.serialize = false;
  widgets.set(node, widget);
  return widget;
}

// Lists of styles and face banks have the new one at once, as after pressing R.
function renewLists() {
  (app.reloadNodeDefs ?? app.refreshComboInNodes).call(app);
}
