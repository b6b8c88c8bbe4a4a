// Where the picture is seen: one picture in a frame that may be larger than it (while it is being
// extended), or the pictures that are being drawn. Small pictures are shown with whole numbers of
// screen pixels for each of theirs, so that they stay crisp; large ones shrink to fit.

import { byId, make } from './dom.js';

const kLargest = 480;
const kGap = 16;

export class Stage {
  #stage = byId('stage');
  #frame = byId('frame');
  #image = byId('picture');
  #tiles = byId('tiles');
  #url = null;
  #tileUrls = [];
  #pads = { left: 0, right: 0, up: 0, down: 0 };
  #margin = { x: 0, y: 0 };
  size = { width: 1, height: 1 };
  /** Screen pixels for each pixel of the picture. */
  scale = 1;

  constructor() {
    new ResizeObserver(() => this.layout()).observe(this.#stage);
  }

  show(blob, size, description) {
    URL.revokeObjectURL(this.#url);
    this.#url = URL.createObjectURL(blob);
    this.#image.src = this.#url;
    this.#image.alt = description;
    this.size = size;
    this.#endTiles();
    this.layout();
  }

  /**
   * Pixels of the frame around the picture, and beside the frame for edges to be dragged to. `steady`
   * keeps the picture where it is on the screen.
   */
  setPads(pads, { margin = { x: 0, y: 0 }, steady = false } = {}) {
    this.#pads = pads;
    if (!steady) this.#margin = margin;
    this.layout(steady);
  }

  // The scale of pictures of which so many fit side by side.
  #fit(width, height, columns = 1) {
    const room = (Math.min(kLargest, this.#stage.clientWidth) - kGap * (columns - 1)) / columns;
    const scale = room / Math.max(width, height);
    return scale < 2 ? scale : Math.floor(scale);
  }

  layout(steady = false) {
    const { left, right, up, down } = this.#pads;
    const width = this.size.width + left + right;
    const height = this.size.height + up + down;
    if (!steady) this.scale = this.#fit(width + 2 * this.#margin.x, height + 2 * this.#margin.y);
    const { scale } = this;
    const { style } = this.#frame;
    style.width = `${width * scale}px`;
    style.height = `${height * scale}px`;
    style.margin = `${this.#margin.y * scale}px 0`;
    style.translate = steady ? `${((right - left) / 2) * scale}px ${((down - up) / 2) * scale}px` : '';
    Object.assign(this.#image.style, {
      left: `${left * scale}px`,
      top: `${up * scale}px`,
      width: `${this.size.width * scale}px`,
      height: `${this.size.height * scale}px`,
    });
    this.#image.classList.toggle('crisp', scale >= 2);
  }

  /** Scrolls to it where the page is longer than the screen. */
  reveal() { this.#stage.scrollIntoView({ block: 'nearest' }); }

  /** Whether pictures that are being drawn are shown. */
  get drawing() { return !this.#tiles.hidden; }

  /** Empty places for `n` pictures to come; `begun` is shown in them until their first steps. */
  beginTiles(n, size, begun) {
    this.#clearTiles();
    const columns = Math.ceil(Math.sqrt(n));
    const scale = this.#fit(size.width, size.height, columns);
    this.#tiles.style.maxWidth = `${columns * size.width * scale + (columns - 1) * kGap}px`;
    this.#tiles.replaceChildren(...Array.from({ length: n }, (_, index) => {
      const image = make('img', { alt: `Picture ${index + 1}, being drawn`, draggable: false });
      const tile = make('div', { className: 'tile waiting' }, image);
      tile.style.aspectRatio = `${size.width} / ${size.height}`;
      tile.style.width = `${size.width * scale}px`;
      image.classList.toggle('crisp', scale >= 2);
      return tile;
    }));
    if (begun) for (let index = 0; index < n; ++index) this.showTile(index, begun);
    this.#tiles.hidden = false;
    this.#frame.hidden = true;
    this.reveal();
  }

  showTile(index, blob) {
    const tile = this.#tiles.children[index];
    if (!tile) return;
    const image = tile.firstChild;
    const before = this.#tileUrls[index];
    this.#tileUrls[index] = URL.createObjectURL(blob);
    image.src = this.#tileUrls[index];
    tile.classList.remove('waiting');
    // The one before stays until the new one is there, so that nothing flickers.
    if (before) image.decode().catch(() => {}).finally(() => URL.revokeObjectURL(before));
  }

  #clearTiles() {
    this.#tileUrls.forEach((url) => URL.revokeObjectURL(url));
    this.#tileUrls = [];
    this.#tiles.replaceChildren();
  }

  /** Back to the picture that was shown before. */
  endTiles() {
    this.#endTiles();
    this.layout();
  }

  #endTiles() {
    this.#clearTiles();
    this.#tiles.hidden = true;
    this.#frame.hidden = false;
  }
}
