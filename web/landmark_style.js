// The editor's looks: dark, whatever the page around it, so that the picture counts.

const CSS = `
.tps-landmarks {
  --jaw: #7cc7ff; --brow: #ffd166; --eye: #5ee6a0; --nose: #ff9ecb; --mouth: #ff7b6b;
  position: relative; display: flex; flex-direction: column; box-sizing: border-box;
  width: 100%; height: 100%; min-height: 300px; overflow: hidden; border-radius: 6px;
  background: #17191c; color: #d7dade; font: 12px/1.35 system-ui, sans-serif;
  user-select: none; -webkit-user-select: none; text-align: left;
}
.tps-landmarks * { box-sizing: border-box; }
.tps-landmarks[data-focus] { box-shadow: inset 0 0 0 1px #4f8fd0; }
.tps-landmarks .bar {
  display: flex; flex-wrap: wrap; align-items: center; gap: 4px 8px; flex: none; padding: 4px 6px;
}
.tps-landmarks .group { display: flex; gap: 2px; flex: none; align-items: center; }
.tps-landmarks button {
  all: unset; box-sizing: border-box; width: 24px; height: 24px; padding: 4px; border-radius: 5px;
  cursor: pointer; color: #c4c8ce;
}
.tps-landmarks button:hover { background: #2c3036; color: #fff; }
.tps-landmarks button:focus-visible { box-shadow: 0 0 0 1.5px #4f8fd0; }
.tps-landmarks button[aria-pressed="true"] { background: #2f5f92; color: #fff; }
.tps-landmarks button[disabled] { opacity: 0.3; pointer-events: none; }
.tps-landmarks button svg { display: block; width: 100%; height: 100%; fill: none;
  stroke: currentColor; stroke-width: 1.4; stroke-linecap: round; stroke-linejoin: round; }
.tps-landmarks button .full { fill: currentColor; stroke: none; }
.tps-landmarks .hint { flex: 1 1 120px; min-width: 0; color: #9aa0a8; overflow: hidden;
  text-overflow: ellipsis; white-space: nowrap; }
.tps-landmarks .warning { flex: none; max-width: 60%; color: #ffb347; overflow: hidden;
  text-overflow: ellipsis; white-space: nowrap; }
.tps-landmarks .warning:empty { display: none; }
.tps-landmarks .caption { padding: 0 2px; white-space: nowrap; font-variant-numeric: tabular-nums; }
.tps-landmarks .stage { position: relative; flex: 1 1 0; min-height: 0; overflow: hidden;
  background: #0c0d0f; touch-action: none; cursor: grab; }
.tps-landmarks[data-state="placing"] .stage { cursor: crosshair; }
.tps-landmarks .stage.over { cursor: move; }
.tps-landmarks .stage.panning { cursor: grabbing; }
.tps-landmarks .stage img { position: absolute; left: 0; top: 0; max-width: none; max-height: none;
  transform-origin: 0 0; pointer-events: none; margin: 0; border: 0; }
.tps-landmarks .stage > svg { position: absolute; inset: 0; width: 100%; height: 100%;
  pointer-events: none; overflow: hidden; }
.tps-landmarks[data-hidden] .face { display: none; }
.tps-landmarks .face path { fill: none; stroke-linejoin: round; stroke-linecap: round; }
.tps-landmarks .face .under { stroke: #000; opacity: 0.55; stroke-width: calc(3.2px * var(--line)); }
.tps-landmarks .face .over { opacity: 0.9; stroke-width: calc(1.4px * var(--line)); }
.tps-landmarks .face:not(.active) { opacity: 0.55; }
.tps-landmarks .dot { r: calc(2.7px * var(--dot)); stroke: #0b0c0e;
  stroke-width: calc(1px * var(--dot)); }
.tps-landmarks .face:not(.active) .dot { r: calc(1.6px * var(--dot)); }
.tps-landmarks .dot.selected { stroke: #fff; stroke-width: calc(1.4px * var(--dot)); }
.tps-landmarks .dot.hot { r: calc(4.4px * var(--dot)); }
.tps-landmarks .stage.dragging .dot.selected { fill-opacity: 0; r: calc(4px * var(--dot)); }
.tps-landmarks [data-part="jaw"] { stroke: var(--jaw); }
.tps-landmarks .dot[data-part="jaw"] { fill: var(--jaw); }
.tps-landmarks [data-part$="brow"] { stroke: var(--brow); }
.tps-landmarks .dot[data-part$="brow"] { fill: var(--brow); }
.tps-landmarks [data-part$="eye"] { stroke: var(--eye); }
.tps-landmarks .dot[data-part$="eye"] { fill: var(--eye); }
.tps-landmarks [data-part="nose"] { stroke: var(--nose); }
.tps-landmarks .dot[data-part="nose"] { fill: var(--nose); }
.tps-landmarks [data-part="mouth"] { stroke: var(--mouth); }
.tps-landmarks .dot[data-part="mouth"] { fill: var(--mouth); }
.tps-landmarks .face .dot:not(.selected) { stroke: #0b0c0e; }
.tps-landmarks .face .dot.selected { stroke: #fff; }
.tps-landmarks .face .under { stroke: #000; }
.tps-landmarks .mark { scale: var(--unit); }
.tps-landmarks .mark path { stroke-width: 1.6; stroke: #fff; }
.tps-landmarks .mark .under { stroke: #000; stroke-width: 4; opacity: 0.6; }
.tps-landmarks .mark text { fill: #fff; stroke: #000; stroke-width: 3; paint-order: stroke;
  font: 700 12px system-ui, sans-serif; }
.tps-landmarks .prompt { position: absolute; left: 8px; right: 8px; top: 8px; display: flex;
  align-items: center; gap: 8px; width: fit-content; max-width: calc(100% - 16px); margin: 0 auto;
  padding: 5px 12px 5px 6px; border-radius: 8px; background: #101317e6; color: #fff;
  pointer-events: none; box-shadow: 0 1px 6px #0008; }
.tps-landmarks:not([data-state="placing"]) .prompt { display: none; }
.tps-landmarks .prompt svg { flex: none; width: 44px; height: 42px; }
.tps-landmarks .prompt path { fill: none; stroke: #8f979f; stroke-width: 0.035; }
.tps-landmarks .prompt circle { fill: #8f979f; }
.tps-landmarks .prompt circle.done { fill: #5ee6a0; }
.tps-landmarks .prompt circle.next { fill: #ffb347; stroke: #fff; stroke-width: 0.035; }
.tps-landmarks .message { position: absolute; inset: 0; display: flex; align-items: center;
  justify-content: center; padding: 20px; text-align: center; font-size: 13px; color: #aeb4bb; }
.tps-landmarks .message:empty { display: none; }
.tps-landmarks .keys { position: absolute; inset: 0; overflow: auto; padding: 10px 12px;
  background: #101317f2; display: none; grid-template-columns: max-content 1fr; gap: 3px 12px;
  align-content: start; }
.tps-landmarks[data-help] .keys { display: grid; }
.tps-landmarks .keys b { color: #fff; font-weight: 600; white-space: pre; }
.tps-landmarks .typed { position: absolute; left: 0; top: 0; width: 1px; height: 1px; opacity: 0;
  padding: 0; border: 0; pointer-events: none; }
dialog.tps-landmarks-window { position: fixed; inset: 0; width: 100vw; height: 100vh; margin: 0;
  max-width: none; max-height: none; padding: 12px; border: 0; background: #0009; outline: none; }
`;

/** Adds the looks to the page, once. */
export function addStyle() {
  if (document.getElementById("tps-landmarks-style")) return;
  const style = document.createElement("style");
  style.id = "tps-landmarks-style";
  style.textContent = CSS;
  document.head.append(style);
}
