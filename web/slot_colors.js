// The colours of our own types' slots and links; ComfyUI gives none to types that it doesn't know.

import { app } from "../../scripts/app.js";

const COLORS = {
  TPS_ALIGNMENT: "#8fc7d8",
  TPS_FACE_BANK: "#e0a15c",
  TPS_STYLE: "#8fb06a",
};

app.registerExtension({
  name: "TPSPortrait.SlotColors",
  setup() {
    const { canvas } = app;
    for (const table of [canvas.default_connection_color_byType, canvas.constructor.link_type_colors]) {
      for (const [type, color] of Object.entries(COLORS)) keep(table, type, color);
    }
    const style = document.createElement("style"); // Nodes 2.0 takes its colours from there
    const lines = Object.entries(COLORS).map(([type, color]) => `--color-datatype-${type}:${color}`);
    style.textContent = `:root{${lines.join(";")}}`;
    document.head.append(style);
  },
});

// Each colour palette that is chosen empties the colours that it doesn't have.
function keep(table, type, color) {
  let chosen = table[type] || color;
  Object.defineProperty(table, type, {
    configurable: true,
    enumerable: true,
    get: () => chosen,
    set: (wanted) => {
      chosen = wanted || color;
    },
  });
}
