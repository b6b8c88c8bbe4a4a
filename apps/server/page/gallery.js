// The history as small pictures in rows. One of them can be reached by Tab, the others by arrow keys.

import { byId, make } from './dom.js';
import { titleOf } from './words.js';

export class Gallery {
  #list = byId('thumbs');
  #urls = new Map();

  /** onOpen(picture), onRemove(picture). */
  constructor(onOpen, onRemove) {
    this.onOpen = onOpen;
    this.onRemove = onRemove;
    this.#list.addEventListener('keydown', (event) => this.#key(event));
  }

  /** Shows the pictures, with the open one marked. */
  show(pictures, open) {
    byId('history').hidden = pictures.length === 0;
    const focused = document.activeElement?.closest?.('.thumb')?.dataset.id;
    const ids = new Set(pictures.map(({ id }) => id));
    for (const [id, url] of this.#urls) {
      if (ids.has(id)) continue;
      URL.revokeObjectURL(url);
      this.#urls.delete(id);
    }
    const reachable = open && ids.has(open.id) ? open : pictures[0];
    this.#list.replaceChildren(...pictures.map((picture) => {
      const button = this.thumb(picture, picture === open);
      button.tabIndex = picture === reachable ? 0 : -1;
      return make('li', {}, button);
    }));
    if (focused) this.#buttons().find(({ dataset }) => dataset.id === focused)?.focus();
  }

  /** A small picture that opens when it is pressed. */
  thumb(picture, open) {
    const { id } = picture;
    if (!this.#urls.has(id)) this.#urls.set(id, URL.createObjectURL(picture.blob));
    const image = make('img', { src: this.#urls.get(id), alt: titleOf(picture), loading: 'lazy', draggable: false });
    image.classList.toggle('crisp', Math.max(picture.width, picture.height) < 96);
    const button = make('button', { type: 'button', className: 'thumb', title: titleOf(picture) }, image);
    button.dataset.id = id;
    if (open) button.setAttribute('aria-current', 'true');
    button.addEventListener('click', () => this.onOpen(picture));
    button.picture = picture;
    return button;
  }

  #buttons() { return [...this.#list.querySelectorAll('.thumb')]; }

  #key(event) {
    const buttons = this.#buttons();
    const at = buttons.indexOf(document.activeElement);
    if (at < 0) return;
    const row = buttons.filter(({ offsetTop }) => offsetTop === buttons[0].offsetTop).length;
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, ArrowUp: at - row, ArrowDown: at + row, Home: 0, End: buttons.length - 1 }[event.key];
    if (event.key === 'Delete') {
      event.preventDefault();
      (buttons[at + 1] ?? buttons[at - 1])?.focus();
      this.onRemove(buttons[at].picture);
    } else if (buttons[to]) {
      event.preventDefault();
      buttons[at].tabIndex = -1;
      buttons[to].tabIndex = 0;
      buttons[to].focus();
    }
  }
}
