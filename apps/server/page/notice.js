// The one line above the page that says what went wrong or what was done, with a button that helps.

import { byId } from './dom.js';

const kCalmFor = 10000;
let timer = null;
let leaving = null;

export function hideNotice() {
  clearInterval(timer);
  clearTimeout(leaving);
  byId('notice').hidden = true;
}

/**
 * A calm notice says what was done and leaves by itself.
 * action: {label, run, wait}: a button, which counts `wait` seconds down before it can be used.
 */
export function showNotice(text, { action = null, calm = false } = {}) {
  hideNotice();
  if (calm) leaving = setTimeout(hideNotice, kCalmFor);
  byId('notice-text').textContent = text;
  byId('notice').classList.toggle('calm', calm);
  byId('notice').hidden = false;
  const button = byId('notice-action');
  button.hidden = !action;
  if (!action) return;
  button.onclick = () => { hideNotice(); action.run(); };
  let left = action.wait ?? 0;
  const show = () => {
    button.disabled = left > 0;
    button.textContent = left > 0 ? `${action.label} in ${left} s` : action.label;
    if (left-- <= 0) clearInterval(timer);
  };
  if (left > 0) timer = setInterval(show, 1000);
  show();
}

byId('notice-close').addEventListener('click', hideNotice);
