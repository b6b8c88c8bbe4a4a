// Short names for what every part of the page does with the document.

export const byId = (id) => document.getElementById(id);

/** An element with properties and children: make('li', {className: 'x'}, 'text', other). */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Says a line to screen readers, without moving the focus. */
export function announce(text) {
  const place = byId('announcer');
  place.textContent = '';
  // A line that is said twice counts as a change only when the place was empty for a moment.
  setTimeout(() => { place.textContent = text; }, 50);
}

/** Buttons that put a text somewhere: examples of prompts and questions. */
export function fillChips(list, texts, onChoose) {
  list.replaceChildren(...texts.map((text) => {
    const button = make('button', { type: 'button', className: 'chip' }, text);
    button.addEventListener('click', () => onChoose(text));
    return make('li', {}, button);
  }));
}

/** A text area that sends its form with Enter and grows with its lines. */
export function sendsWithEnter(area) {
  area.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    area.form.requestSubmit();
  });
}

/** Keeps a text area as high as its text; returns what to call after the text was set. */
export function growsWithText(area) {
  const grow = () => {
    area.style.height = 'auto';
    area.style.height = `${area.scrollHeight + area.offsetHeight - area.clientHeight}px`;
  };
  area.addEventListener('input', grow);
  window.addEventListener('resize', grow);
  return grow;
}

export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
