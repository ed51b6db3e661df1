// Shows what each style looks like, on the node Load Portrait Style: the same portrait painted by
// all, to be chosen by a click. The list of names stays, and says what is chosen.

import { app } from "../../scripts/app.js";
import { api } from "../../scripts/api.js";

const NODE = "TPSPortraitLoadStyle";
const LIST = "style_name";
const PICTURE = "/tps_portrait/style_picture";
const NODE_SIZE = [330, 220];
// Workflows that were saved before there were cards have no room for them on the node: they are
// shown once it is made larger.
const CSS = `
.tps-cards { container-type: size; width: 100%; height: 100%; overflow: auto; padding: 0 10px;
  box-sizing: border-box; }
.tps-cards > div { display: grid; grid-template-columns: repeat(auto-fill, minmax(84px, 1fr));
  gap: 6px; align-content: start; padding: 2px; }
@container (max-height: 60px) { .tps-cards > div { display: none; } }
.tps-cards button { all: unset; cursor: pointer; box-sizing: border-box; border-radius: 6px;
  overflow: hidden; background: #17191c; color: #d7dade; font: 11px/15px system-ui, sans-serif;
  border: 2px solid transparent; align-self: start; }
.tps-cards button:hover { border-color: #8f979f; }
.tps-cards button:focus-visible { border-color: #4f8fd0; }
.tps-cards button[aria-pressed="true"] { border-color: #4f8fd0; }
.tps-cards img { display: block; width: 100%; aspect-ratio: 1; object-fit: cover;
  background: #0c0d0f; }
.tps-cards span { display: block; padding: 1px 4px 2px; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; text-align: center; }
`;

const allCards = new Set(); // of the nodes there are

app.registerExtension({
  name: "TPSPortrait.StyleCards",
  setup() {
    const style = document.createElement("style");
    style.textContent = CSS;
    document.head.append(style);
  },
  nodeCreated(node) {
    if (node.comfyClass === NODE) allCards.add(new Cards(node));
  },
  // After pressing R, and after a style was saved (see told.js).
  refreshComboInNodes() {
    for (const cards of allCards) cards.fill();
  },
});

/** The cards on one node. */
class Cards {
  #list;
  #host = document.createElement("div"); // what scrolls
  #cards = this.#host.appendChild(document.createElement("div"));

  constructor(node) {
    this.#list = node.widgets.find((widget) => widget.name === LIST);
    this.#host.className = "tps-cards widget-expands"; // takes all the height in Nodes 2.0
    this.#host.addEventListener("wheel", (event) => this.#scroll(event));
    const widget = node.addDOMWidget("style_cards", "tps_style_cards", this.#host, {
      serialize: false, // it is no input
      hideOnZoom: false,
      margin: 0, // with more than there is height, it would be as high as the window
      getMinHeight: () => 0,
      getValue: () => "",
      setValue: () => {},
    });
    widget.serialize = false;
    const { callback } = this.#list;
    this.#list.callback = (...given) => {
      const result = callback?.apply(this.#list, given);
      this.#mark();
      return result;
    };
    const { onConfigure, onRemoved } = node;
    node.onConfigure = (saved) => {
      onConfigure?.call(node, saved);
      this.#mark();
    };
    node.onRemoved = () => {
      onRemoved?.call(node);
      allCards.delete(this);
    };
    node.setSize(NODE_SIZE);
    this.fill();
  }

  /** Shows the styles that the list has now. */
  fill() {
    const { values } = this.#list.options;
    const names = typeof values === "function" ? values() : values;
    this.#cards.replaceChildren(...(names ?? []).map((name) => this.#card(name)));
    this.#mark();
  }

  #card(name) {
    const card = document.createElement("button");
    card.type = "button";
    card.title = card.dataset.style = name;
    const picture = document.createElement("img");
    picture.loading = "lazy";
    picture.alt = "";
    picture.draggable = false;
    picture.src = api.apiURL(`${PICTURE}?${new URLSearchParams({ name })}`);
    picture.addEventListener("error", () => (picture.style.visibility = "hidden"));
    const label = document.createElement("span");
    label.textContent = name;
    card.append(picture, label);
    card.addEventListener("click", () => this.#choose(name));
    return card;
  }

  #choose(name) {
    this.#list.value = name;
    this.#list.callback(name);
    app.canvas?.setDirty(true, true);
    app.extensionManager?.workflow?.activeWorkflow?.changeTracker?.checkState();
  }

  #mark() {
    for (const card of this.#cards.children) {
      card.setAttribute("aria-pressed", card.dataset.style === this.#list.value);
    }
  }

  // The wheel scrolls the cards while there is something to scroll to, else it zooms the workflow.
  #scroll(event) {
    const { scrollHeight, clientHeight } = this.#host;
    if (scrollHeight > clientHeight + 1) event.stopPropagation();
    else if (!window.LiteGraph?.vueNodesMode) app.canvas.processMouseWheel(event);
  }
}
