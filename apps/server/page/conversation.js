// Questions about the open picture, with answers that appear as they are written. The conversation
// is kept with its picture.

import { answers } from './api.js';
import { announce, byId, fillChips, make } from './dom.js';
import { dataUrlOf } from './picture_file.js';

const kExamples = [
  'what is in the picture?', 'how many things are there?', 'what is on the left?', 'what colour is the background?',
];

function messagesOf(turns, url) {
  return turns.map(({ role, content }, index) => ({
    role,
    content: index > 0 ? content : [{ type: 'image_url', image_url: { url } }, { type: 'text', text: content }],
  }));
}

export class Conversation {
  #picture = null;
  #running = null;
  #onChange;
  #onError;

  /** onChange(picture): its turns have changed; onError(error, again): an answer did not come. */
  constructor(onChange, onError) {
    this.#onChange = onChange;
    this.#onError = onError;
    byId('ask-form').addEventListener('submit', (event) => {
      event.preventDefault();
      if (!this.#running) this.#ask(byId('question').value.trim());
      else if (document.activeElement === byId('ask-button')) this.stop();  // not by Enter in the field
    });
    byId('forget').addEventListener('click', () => {
      this.stop();
      this.#picture.turns = [];
      this.#onChange(this.#picture);
      this.#show();
      byId('question').focus();
    });
    fillChips(byId('questions'), kExamples, (text) => this.#ask(text));
  }

  open(picture) {
    this.stop();
    this.#picture = picture;
    this.#show();
  }

  stop() { this.#running?.abort(); }

  #show() {
    const { turns } = this.#picture;
    byId('turns').replaceChildren(...turns.map((turn) => this.#line(turn)));
    byId('turns').hidden = turns.length === 0;
    byId('questions').hidden = turns.length > 0;
    byId('forget').hidden = turns.length === 0;
  }

  #line({ role, content }) {
    const who = make('span', { className: 'unseen' }, role === 'user' ? 'You: ' : 'Show-o: ');
    return make('p', { className: role }, who, make('span', { className: 'said' }, content));
  }

  #setRunning(running) {
    this.#running = running;
    byId('turns').setAttribute('aria-busy', String(Boolean(running)));
    byId('ask-button').textContent = running ? 'Stop' : 'Ask';
  }

  async #ask(question) {
    if (!question || this.#running) return;
    const picture = this.#picture;
    const before = picture.turns;
    const asked = [...before, { role: 'user', content: question }];
    const answer = { role: 'assistant', content: '' };
    picture.turns = [...asked, answer];
    byId('question').value = '';
    this.#show();
    const said = byId('turns').lastChild.querySelector('.said');
    said.classList.add('writing');
    const running = new AbortController();
    this.#setRunning(running);
    let failure = null;
    try {
      const messages = messagesOf(asked, await dataUrlOf(picture.blob));
      for await (const text of answers({ messages }, running.signal)) {
        answer.content += text;
        said.textContent = answer.content;
        byId('turns').scrollTop = byId('turns').scrollHeight;
      }
    } catch (error) {
      failure = error;
    }
    said.classList.remove('writing');
    this.#setRunning(null);
    answer.content = answer.content.trim();
    if (answer.content) announce(answer.content);
    else picture.turns = before;  // a question without any answer is as if never asked
    this.#onChange(picture);
    if (picture !== this.#picture) return;
    this.#show();
    if (!answer.content) byId('question').value = question;
    if (failure && failure.name !== 'AbortError') this.#onError(failure, () => this.#ask(question));
  }
}
