// Says what a person can do when the server refuses or is not there, and notices when it is back.

import { alive } from './api.js';
import { announce } from './dom.js';
import { hideNotice, showNotice } from './notice.js';

const kPause = 2000;
let watching = false;

async function noticeReturn(onBack) {
  if (watching) return;
  watching = true;
  do await new Promise((resolve) => { setTimeout(resolve, kPause); });
  while (!await alive());
  watching = false;
  hideNotice();
  announce('The server is back.');
  onBack();
}

/** Shows an error. `again` does once more what failed; `onBack` is called when a lost server answers. */
export function explain(error, again, onBack = () => {}) {
  if (!error.kind) reportError(error);  // a mistake of the page itself: for the console as well
  if (error.kind === 'refused' || !error.kind) {
    showNotice(error.message);
    return;
  }
  showNotice(error.message, { action: { label: 'Try again', run: again, wait: error.retryAfter } });
  if (error.kind === 'gone' || error.kind === 'ending') noticeReturn(onBack);
}
