// Draws one recipe at a time and shows how it comes along: the pictures as they are unmasked, the
// steps, the place in the queue.

import { draw, sizeOfResult } from './drawing.js';
import { announce, byId } from './dom.js';
import { sizeOf } from './picture_file.js';

export class Easel {
  #stage;
  #running = null;

  constructor(stage) {
    this.#stage = stage;
    byId('cancel').addEventListener('click', () => this.cancel());
  }

  get busy() { return this.#running !== null; }

  cancel() { this.#running?.abort(); }

  /**
   * Promises {drawn: [{blob, seed, width, height}], failure}; cancelling is no failure. `side`: pixels
   * of the model's own pictures.
   */
  async draw(recipe, seed, side) {
    this.#running = new AbortController();
    const n = recipe.action === 'extend' ? 1 : recipe.settings.n;
    this.#stage.beginTiles(n, await sizeOfResult(recipe, side), recipe.action === 'extend' ? null : recipe.image);
    this.#begin();
    const steps = Array(n).fill(0);
    const drawn = [];
    let failure = null;
    try {
      for await (const event of draw(recipe, seed, this.#running.signal)) {
        if (event.kind === 'queued') this.#wait(event.position);
        if (event.kind === 'progress') {
          steps[event.index] = event.step;
          this.#advance(steps, event.steps);
        }
        if (event.blob) this.#stage.showTile(event.index, event.blob);
        if (event.kind === 'completed')
          drawn[event.index] = { blob: event.blob, seed: event.seed, ...await sizeOf(event.blob) };
      }
    } catch (error) {
      if (error.name !== 'AbortError') failure = error;
    }
    this.#end();
    return { drawn: drawn.filter(Boolean), failure };
  }

  // The progress takes the place of what can be done with the picture. What was pressed may be gone
  // with it; then the focus goes to the one thing that can be pressed now.
  #begin() {
    document.body.classList.add('drawing');
    byId('progress').hidden = false;
    if (!document.activeElement.checkVisibility()) byId('cancel').focus();
    byId('progress-bar').removeAttribute('value');
    byId('progress-text').textContent = 'Beginning';
    announce('Drawing');
  }

  #end() {
    this.#running = null;
    const pressed = document.activeElement === byId('cancel');
    document.body.classList.remove('drawing');
    byId('progress').hidden = true;
    if (pressed) byId('again').focus();
  }

  #wait(position) {
    const text = position > 0 ? `Waiting behind ${position} other${position > 1 ? 's' : ''}` : 'Next in the queue';
    if (byId('progress-text').textContent !== text) announce(text);
    byId('progress-text').textContent = text;
  }

  #advance(steps, most) {
    const bar = byId('progress-bar');
    const done = steps.reduce((sum, step) => sum + step, 0);
    bar.max = most * steps.length;
    bar.value = done;
    byId('progress-text').textContent = `Step ${Math.ceil(done / steps.length)} of ${most}`;
  }
}
