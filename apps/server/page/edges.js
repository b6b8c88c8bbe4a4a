// Extending: edges that are dragged outwards, or moved by keys or buttons. They stop at whole parts,
// as the server draws them. Left and right come first, then up and down.

import { announce, byId, clamp } from './dom.js';
import { extendedSize, padsOf, partOf } from './extension.js';

const kSides = ['left', 'right', 'up', 'down'];
const kMostParts = 3;
const none = () => ({ left: 0, right: 0, up: 0, down: 0 });

export class Edges {
  #stage;
  #parts = none();
  #edges = [...document.querySelectorAll('.edge')];
  #drag = null;

  constructor(stage) {
    this.#stage = stage;
    for (const edge of this.#edges) {
      edge.addEventListener('pointerdown', (event) => this.#begin(event, edge));
      edge.addEventListener('pointermove', (event) => this.#move(event));
      edge.addEventListener('pointerup', () => this.#end());
      edge.addEventListener('pointercancel', () => this.#end());
      edge.addEventListener('keydown', (event) => this.#key(event, edge.dataset.side));
    }
    for (const button of document.querySelectorAll('[data-add]'))
      button.addEventListener('click', () => this.#set(button.dataset.add, this.#parts[button.dataset.add] + 1));
    byId('extend-reset').addEventListener('click', () => this.reset());
  }

  /** Sides in the order in which they are extended, one a part. */
  get sides() { return kSides.flatMap((side) => Array(this.#parts[side]).fill(side)); }

  reset() {
    this.#parts = none();
    this.#show();
  }

  setActive(active) {
    for (const edge of this.#edges) edge.hidden = !active;
    if (active) this.#show();
    else this.#stage.setPads(none());
  }

  #pads() { return padsOf(this.#stage.size, this.sides); }

  // Pixels of the next part on this side. Left and right come before up and down, so that only they
  // change what a part above or below is.
  #partOf(side) {
    const { left, right } = this.#pads();
    const { width, height } = this.#stage.size;
    return partOf({ width: width + left + right, height }, side);
  }

  #set(side, parts) {
    const before = this.#parts[side];
    this.#parts[side] = clamp(parts, 0, kMostParts);
    if (this.#parts[side] === before) return;
    this.#show();
    announce(byId('extend-size').textContent);
  }

  #show() {
    const pads = this.#pads();
    const { width, height } = this.#stage.size;
    const after = extendedSize(this.#stage.size, this.sides);
    byId('extend-size').textContent = this.sides.length
      ? `From ${width} × ${height} to ${after.width} × ${after.height} pixels` : `${width} × ${height} pixels`;
    for (const edge of this.#edges) {
      const { side } = edge.dataset;
      edge.setAttribute('aria-valuemin', 0);
      edge.setAttribute('aria-valuemax', kMostParts);
      edge.setAttribute('aria-valuenow', this.#parts[side]);
      edge.setAttribute('aria-valuetext', `${pads[side]} pixels more`);
    }
    this.#stage.setPads(pads, { margin: { x: this.#partOf('left') / 2, y: this.#partOf('up') / 2 } });
  }

  #key(event, side) {
    const outward = { left: 'ArrowLeft', right: 'ArrowRight', up: 'ArrowUp', down: 'ArrowDown' };
    const inward = { left: 'ArrowRight', right: 'ArrowLeft', up: 'ArrowDown', down: 'ArrowUp' };
    const change = event.key === outward[side] ? 1 : event.key === inward[side] ? -1 : 0;
    if (!change) return;
    event.preventDefault();
    this.#set(side, this.#parts[side] + change);
  }

  #begin(event, edge) {
    event.preventDefault();
    edge.focus({ preventScroll: true });
    edge.setPointerCapture(event.pointerId);
    const { side } = edge.dataset;
    this.#drag = { side, x: event.clientX, y: event.clientY, pads: this.#pads(), part: this.#partOf(side) };
  }

  #move(event) {
    if (!this.#drag) return;
    const { side, x, y, pads, part } = this.#drag;
    const outward = { left: x - event.clientX, right: event.clientX - x, up: y - event.clientY, down: event.clientY - y };
    const pad = clamp(pads[side] + outward[side] / this.#stage.scale, 0, kMostParts * part);
    this.#drag.reached = Math.round(pad / part);
    this.#stage.setPads({ ...pads, [side]: pad }, { steady: true });
  }

  #end() {
    if (!this.#drag) return;
    const { side, reached } = this.#drag;
    this.#drag = null;
    if (reached === undefined || reached === this.#parts[side]) this.#show();
    else this.#set(side, reached);
  }
}
