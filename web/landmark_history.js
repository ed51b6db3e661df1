/** What undo and redo go through: states that are never changed, the present one last. */
export class History {
  #past = [];
  #future = [];

  constructor(state) {
    this.state = state;
  }

  push(state) {
    this.#past.push(this.state);
    this.#future = [];
    this.state = state;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  undo() {
    this.#future.push(this.state);
    this.state = this.#past.pop();
  }

  redo() {
    this.#past.push(this.state);
    this.state = this.#future.pop();
  }
}
