const MARGIN_SHARE = 0.04; // of the stage, around a picture that is shown whole
const FACE_MARGIN_SHARE = 0.15;
const MOST_ZOOM = 40; // stage pixels for a pixel of the picture

/**
 * Where the picture lies on the stage, and how large. Stage coordinates are CSS pixels from the
 * stage's upper left corner; the picture's are its own pixels.
 */
export class View {
  scale = 1;
  offset = [0, 0];
  stage = [1, 1];
  picture = [1, 1];
  whole = true; // the picture was fitted, and is fitted again when the stage's size changes

  toStage([x, y]) {
    return [x * this.scale + this.offset[0], y * this.scale + this.offset[1]];
  }

  toPicture([x, y]) {
    return [(x - this.offset[0]) / this.scale, (y - this.offset[1]) / this.scale];
  }

  /** Shows all of the picture. */
  fit() {
    this.#show([0, 0, ...this.picture], MARGIN_SHARE);
    this.whole = true;
  }

  /** Shows what lies in the box [x0, y0, x1, y1] of the picture. */
  fitBox(box) {
    this.#show(box, FACE_MARGIN_SHARE);
  }

  /** Zooms so that the point `at` of the stage stays where it is. */
  zoom(factor, at = this.stage.map((side) => side / 2)) {
    const fixed = this.toPicture(at);
    this.#scaleTo(this.scale * factor);
    this.offset = at.map((value, axis) => value - fixed[axis] * this.scale);
    this.whole = false;
  }

  pan([dx, dy]) {
    this.offset = [this.offset[0] + dx, this.offset[1] + dy];
    this.whole = false;
  }

  /** Takes a new size of the stage: what was in its middle stays there. */
  resize(stage) {
    const centre = this.toPicture(this.stage.map((side) => side / 2));
    this.stage = stage;
    if (this.whole) this.fit();
    else this.offset = stage.map((side, axis) => side / 2 - centre[axis] * this.scale);
  }

  #show([x0, y0, x1, y1], margin) {
    const [width, height] = [x1 - x0, y1 - y0];
    this.#scaleTo((1 - 2 * margin) * Math.min(this.stage[0] / width, this.stage[1] / height));
    const centre = [(x0 + x1) / 2, (y0 + y1) / 2];
    this.offset = this.stage.map((side, axis) => side / 2 - centre[axis] * this.scale);
    this.whole = false;
  }

  #scaleTo(scale) {
    const smallest = 0.1 * Math.min(...this.stage.map((side, axis) => side / this.picture[axis]));
    this.scale = Math.min(Math.max(scale, smallest, 1e-3), MOST_ZOOM);
  }
}
