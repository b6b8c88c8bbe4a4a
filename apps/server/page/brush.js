// The brush: what is painted on the picture will be drawn anew. The mask is a list of deeds –
// strokes, inversions – that are painted one after the other, so that undoing is leaving out the last.

import { announce, byId, clamp } from './dom.js';
import { bitmapCanvas } from './picture_file.js';

// Seen on any picture; only where there is paint matters to the mask.
const kPaint = '#e6007a';

export class Brush {
  #canvas = byId('mask');
  #context = this.#canvas.getContext('2d', { willReadFrequently: true });
  #ring = byId('brush-ring');
  #sizeField = byId('brush-size');
  #eraseButton = byId('brush-erase');
  #stage;
  #deeds = [];
  #stroke = null;
  #point = { x: 0, y: 0 };
  #erasing = false;

  constructor(stage) {
    this.#stage = stage;
    const canvas = this.#canvas;
    canvas.addEventListener('pointerdown', (event) => this.#begin(event));
    canvas.addEventListener('pointermove', (event) => this.#move(event));
    canvas.addEventListener('pointerup', () => { this.#stroke = null; });
    canvas.addEventListener('pointercancel', () => { this.#stroke = null; });
    canvas.addEventListener('pointerleave', () => this.#showRing(document.activeElement === canvas && canvas.matches(':focus-visible')));
    canvas.addEventListener('focus', () => this.#showRing(canvas.matches(':focus-visible')));
    canvas.addEventListener('blur', () => this.#showRing(false));
    canvas.addEventListener('keydown', (event) => this.#key(event));
    this.#sizeField.addEventListener('input', () => this.#placeRing());
    this.#eraseButton.addEventListener('click', () => this.#setErasing(!this.#erasing));
    byId('brush-invert').addEventListener('click', () => this.#do({ kind: 'invert' }));
    byId('brush-undo').addEventListener('click', () => this.undo());
    byId('brush-clear').addEventListener('click', () => this.#do({ kind: 'clear' }));
  }

  get active() { return !this.#canvas.hidden; }

  /** Begins an empty mask for the picture on the stage. */
  reset() {
    const { width, height } = this.#stage.size;
    Object.assign(this.#canvas, { width, height });
    this.#deeds = [];
    this.#point = { x: width / 2, y: height / 2 };
    const side = Math.min(width, height);
    this.#sizeField.max = Math.max(2, Math.round(side / 2));
    this.#sizeField.value = Math.max(1, Math.round(side / 5));
    this.#setErasing(false);
    this.#showRing(false);
  }

  setActive(active) {
    this.#canvas.hidden = !active;
    this.#showRing(false);
  }

  get #size() { return Number(this.#sizeField.value); }

  #setErasing(erasing) {
    this.#erasing = erasing;
    this.#eraseButton.setAttribute('aria-pressed', String(erasing));
  }

  #do(deed) {
    this.#deeds.push(deed);
    this.#perform(deed);
  }

  undo() {
    if (!this.#deeds.pop()) return;
    this.#context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    for (const deed of this.#deeds) this.#perform(deed);
    announce('Undone');
  }

  #perform({ kind, points, size, erase }) {
    const context = this.#context;
    const { width, height } = this.#canvas;
    if (kind === 'clear') context.clearRect(0, 0, width, height);
    if (kind === 'invert') {
      context.globalCompositeOperation = 'source-out';
      context.fillStyle = kPaint;
      context.fillRect(0, 0, width, height);
    }
    if (kind === 'stroke') {
      context.globalCompositeOperation = erase ? 'destination-out' : 'source-over';
      context.strokeStyle = kPaint;
      context.lineWidth = size;
      context.lineCap = context.lineJoin = 'round';
      context.beginPath();
      context.moveTo(points[0].x - 0.01, points[0].y);  // a line without length would not be a dot
      for (const { x, y } of points) context.lineTo(x, y);
      context.stroke();
    }
    context.globalCompositeOperation = 'source-over';
  }

  #pointOf(event) {
    const box = this.#canvas.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) / box.width) * this.#canvas.width,
      y: ((event.clientY - box.top) / box.height) * this.#canvas.height,
    };
  }

  #begin(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    this.#canvas.focus({ preventScroll: true });
    this.#canvas.setPointerCapture(event.pointerId);
    this.#point = this.#pointOf(event);
    this.#stroke = { kind: 'stroke', points: [this.#point], size: this.#size, erase: this.#erasing };
    this.#do(this.#stroke);
    this.#showRing(true);
  }

  #move(event) {
    const point = this.#pointOf(event);
    if (this.#stroke) {
      this.#perform({ ...this.#stroke, points: [this.#point, point] });
      this.#stroke.points.push(point);
    }
    this.#point = point;
    this.#showRing(event.pointerType !== 'touch');
  }

  #key(event) {
    const step = Math.max(1, this.#size / 2);
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    const from = this.#point;
    const stroke = (points) => this.#do({ kind: 'stroke', points, size: this.#size, erase: this.#erasing });
    const letters = {
      ' ': () => stroke([from]),
      x: () => this.#setErasing(!this.#erasing),
      i: () => this.#do({ kind: 'invert' }),
      '[': () => { this.#sizeField.value = this.#size - 1; },
      ']': () => { this.#sizeField.value = this.#size + 1; },
    };
    const move = moves[event.key];
    const letter = !event.ctrlKey && !event.metaKey && !event.altKey && letters[event.key.toLowerCase()];
    if (!move && !letter) return;
    event.preventDefault();
    if (letter) letter();
    if (move) {
      this.#point = {
        x: clamp(from.x + move[0], 0, this.#canvas.width),
        y: clamp(from.y + move[1], 0, this.#canvas.height),
      };
      if (event.shiftKey) stroke([from, this.#point]);
    }
    this.#showRing(true);
  }

  #showRing(shown) {
    this.#ring.hidden = !shown;
    this.#placeRing();
  }

  #placeRing() {
    const { scale } = this.#stage;
    const across = this.#size * scale;
    Object.assign(this.#ring.style, {
      width: `${across}px`,
      height: `${across}px`,
      left: `${this.#point.x * scale - across / 2}px`,
      top: `${this.#point.y * scale - across / 2}px`,
    });
  }

  #opaque() {
    const { width, height } = this.#canvas;
    const pixels = this.#context.getImageData(0, 0, width, height);
    let marked = 0;
    for (let at = 0; at < pixels.data.length; at += 4) {
      const white = pixels.data[at + 3] > 127;
      marked += white;
      pixels.data.fill(white ? 255 : 0, at, at + 3);
      pixels.data[at + 3] = 255;
    }
    return { pixels, marked };
  }

  /** The mask as a picture, white where it was painted; null where nothing was. */
  async mask() {
    const { pixels, marked } = this.#opaque();
    if (!marked) return null;
    const { canvas, context } = bitmapCanvas(pixels.width, pixels.height);
    context.putImageData(pixels, 0, 0);
    return canvas.convertToBlob();
  }
}
