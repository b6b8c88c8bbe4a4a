// Asks for the key of a server that wants one.

import { byId } from './dom.js';

/** Promises the key, or null when the person would rather not. `wrong`: one was tried in vain. */
export function askForKey(wrong) {
  const dialog = byId('key-dialog');
  if (dialog.open) return new Promise((resolve) => { dialog.addEventListener('close', () => resolve(null), { once: true }); });
  byId('key-title').textContent = wrong ? 'The server does not know this key' : 'This server asks for a key';
  byId('key').value = '';
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      resolve(dialog.returnValue === 'ok' ? byId('key').value.trim() || null : null);
    }, { once: true });
  });
}
