// The calls of the server: its abilities, pictures and conversations. What goes wrong is a
// ServerError whose `kind` says what a person can do about it.

import { events } from './event_stream.js';

export class ServerError extends Error {
  /** kind: busy (try later), ending, gone (no answer), key (not let in), refused (says why). */
  constructor(kind, message, retryAfter = 0) {
    super(message);
    this.kind = kind;
    this.retryAfter = retryAfter;
  }
}

const kKeyPlace = 'showo-key';
let askForKey = async () => null;
/** Sets the question for a key: a function that promises the key, or null. */
export const onKeyNeeded = (ask) => { askForKey = ask; };

const gone = () => new ServerError('gone', 'The server does not answer. Is “showo serve” still running?');

function kindOf(status, code) {
  if (status === 401) return 'key';
  if (code === 'ending') return 'ending';
  return status === 429 || status === 503 ? 'busy' : 'refused';
}

const asSentence = (text) => text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? '' : '.');

async function errorOf(response) {
  const { message, code } = await response.json().then((body) => body.error ?? {}, () => ({}));
  const kind = kindOf(response.status, code);
  const sentences = {
    401: 'The server does not know this key.',
    429: 'The server is busy: too many others are waiting.',
  };
  const text = sentences[response.status] ?? asSentence(message ?? `the server answered with status ${response.status}`);
  return new ServerError(kind, text, Number(response.headers.get('Retry-After')) || 0);
}

async function call(path, options = {}) {
  const key = sessionStorage.getItem(kKeyPlace);
  const headers = { ...options.headers, ...(key && { Authorization: `Bearer ${key}` }) };
  let response;
  try {
    response = await fetch(path, { ...options, headers });
  } catch (error) {
    throw error.name === 'AbortError' ? error : gone();
  }
  if (response.ok) return response;
  if (response.status === 401) {
    const given = await askForKey(Boolean(key));
    if (given) {
      sessionStorage.setItem(kKeyPlace, given);
      return call(path, options);
    }
  }
  throw await errorOf(response);
}

/** The events of a call, with `error` events thrown and a broken connection told as such. */
async function* stream(path, options) {
  const response = await call(path, options);
  try {
    for await (const { type, data } of events(response)) {
      if (data === '[DONE]') return;
      const body = JSON.parse(data);
      if (type === 'error' || body.error)
        throw new ServerError('refused', asSentence(body.error?.message ?? 'the server could not go on'));
      yield body;
    }
  } catch (error) {
    if (error.name === 'AbortError' || error instanceof ServerError) throw error;
    throw gone();
  }
}

const json = (body, signal) => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(body),
  signal,
});

export const abilities = async () => (await call('v1/capabilities')).json();

export const alive = () => fetch('health').then((response) => response.ok, () => false);

/** Events of pictures drawn from a text. */
export const generations = (fields, signal) => stream('v1/images/generations', json(fields, signal));

/** Events of a picture changed: fields may be files. */
export function edits(fields, signal) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (value instanceof Blob) body.append(name, value, `${name}.png`);
    else body.append(name, String(value));
  }
  return stream('v1/images/edits', { method: 'POST', body, signal });
}

/** The pieces of an answer's text. */
export async function* answers(fields, signal) {
  for await (const chunk of stream('v1/chat/completions', json({ ...fields, stream: true }, signal))) {
    const text = chunk.choices?.[0]?.delta?.content;
    if (text) yield text;
  }
}
