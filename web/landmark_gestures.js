// The pointer on the stage: clicks, drags, moving and zooming the picture.

const SLIP_PX = 3; // pixels on the screen: a press that moves less is a click
const WHEEL_ZOOM = 1.0015;

/**
 * Listens to the pointer on `stage` and calls `hand`:
 *   at(event) -> [x, y] in stage coordinates; unit() -> stage pixels to one on the screen
 *   ready(), focused() -> boolean
 *   hover(at, event), leave()
 *   grab(at, event) -> whether there was something to drag
 *   drag(from, to), drop(), cancel(), click(at), pan([dx, dy]), zoom(factor, at)
 */
export function listen(stage, hand) {
  let press = null; // { from, last, grabbed, moving }

  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !hand.ready()) return;
    event.stopPropagation(); // the node stays where it is
    stage.setPointerCapture(event.pointerId);
    const at = hand.at(event);
    press = { from: at, last: at, grabbed: hand.grab(at, event), moving: false };
  });

  stage.addEventListener("pointermove", (event) => {
    if (!hand.ready()) return;
    const at = hand.at(event);
    if (!press) {
      hand.hover(at, event);
      return;
    }
    event.stopPropagation();
    const way = Math.hypot(at[0] - press.from[0], at[1] - press.from[1]);
    if (!press.moving && way < SLIP_PX * hand.unit()) return;
    press.moving = true;
    stage.classList.add(press.grabbed ? "dragging" : "panning");
    if (press.grabbed) hand.drag(press.from, at);
    else hand.pan([at[0] - press.last[0], at[1] - press.last[1]]);
    press.last = at;
  });

  const release = (finish) => (event) => {
    if (!press) return;
    event.stopPropagation();
    const { grabbed, moving, from } = press;
    press = null;
    stage.classList.remove("dragging", "panning");
    finish(grabbed, moving, from);
  };
  stage.addEventListener(
    "pointerup",
    release((grabbed, moving, from) => {
      if (grabbed && moving) hand.drop();
      else if (!moving && !grabbed) hand.click(from);
    }),
  );
  stage.addEventListener("pointercancel", release(() => hand.cancel()));
  stage.addEventListener("pointerleave", () => !press && hand.leave());

  // Until the editor was clicked into, the wheel belongs to the page: it scrolls, or zooms the
  // workflow. A pinch on a touch pad comes as a wheel with Ctrl.
  stage.addEventListener(
    "wheel",
    (event) => {
      if (!hand.ready() || !(hand.focused() || event.ctrlKey)) return;
      event.preventDefault();
      event.stopPropagation();
      const way = event.deltaY * (event.deltaMode === 1 ? 30 : 1) * (event.ctrlKey ? 4 : 1);
      hand.zoom(WHEEL_ZOOM ** -way, hand.at(event));
    },
    { passive: false },
  );
}
