// What buttons and keys do to the work on a picture and to the view of it.

import { moved, turned } from "./landmark_faces.js";

const ZOOM_STEP = 1.25;
const TURN_DEGREES = 2;
const GROW_FACTOR = 1.03;

const nudge = (dx, dy) => (session) => session.change(moved, [dx, dy]);

/** By name: functions of a Session and a View. */
export const ACTIONS = {
  left: nudge(-1, 0),
  right: nudge(1, 0),
  up: nudge(0, -1),
  down: nudge(0, 1),
  "far left": nudge(-10, 0),
  "far right": nudge(10, 0),
  "far up": nudge(0, -10),
  "far down": nudge(0, 10),
  "turn left": (session) => session.change(turned, -TURN_DEGREES, 1),
  "turn right": (session) => session.change(turned, TURN_DEGREES, 1),
  larger: (session) => session.change(turned, 0, GROW_FACTOR),
  smaller: (session) => session.change(turned, 0, 1 / GROW_FACTOR),
  undo: (session) => session.canUndo && session.undo(),
  redo: (session) => session.canRedo && session.redo(),
  add: (session) => session.begin(),
  delete: (session) => session.delete(),
  reset: (session) => session.reset(),
  "zoom in": (_, view) => view.zoom(ZOOM_STEP),
  "zoom out": (_, view) => view.zoom(1 / ZOOM_STEP),
  fit: (_, view) => view.fit(),
  "fit face": (session, view) => session.face && view.fitBox(session.face.box),
};
