// The page of `showo serve`: what is drawn, opened, asked and kept comes together here. The address
// behind # names the open picture, so that reloading and going back work as everywhere else.

import { abilities, onKeyNeeded } from './api.js';
import { Album } from './album.js';
import { Composer } from './composer.js';
import { explain } from './connection.js';
import { Conversation } from './conversation.js';
import { announce, byId, fillChips } from './dom.js';
import { randomSeed } from './drawing.js';
import { Easel } from './easel.js';
import { Gallery } from './gallery.js';
import { askForKey } from './key_dialog.js';
import { hideNotice, showNotice } from './notice.js';
import { pictureAmong, readPicture } from './picture_file.js';
import { Stage } from './stage.js';
import { titleOf } from './words.js';
import { Workbench } from './workbench.js';

const kExamples = [
  'a glossy apple on a blue background',
  'a flat lion on a yellow background',
  'a glossy frog to the left of a glossy rabbit on a white background',
  'a flat penguin above a flat cactus on a green background',
  'two flat strawberries on a yellow background',
  'a small flat rocket at the top left on a black background',
];
const kMostOpenedPixels = 4e6;

const newId = () => `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;

const stage = new Stage();
const easel = new Easel(stage);
const composer = new Composer((prompt) => drawNew(prompt));
const workbench = new Workbench(stage, (recipe) => drawFrom(recipe));
const conversation = new Conversation((picture) => album.update(picture), (error, again) => fail(error, again));
const gallery = new Gallery((picture) => go(picture), (picture) => remove(picture));
let known = null;  // the server's abilities
let album = new Album();

async function learn() {
  known = await abilities();
  byId('model').textContent = known.model;
  composer.learn(known);
  workbench.learn(known);
  if (album.pictures.length) byId('history-note').textContent = historyNote();
}

const fail = (error, again) => explain(error, again, () => { if (!known) start(); });

// --- Which picture is open ---

const go = (picture) => { location.hash = picture ? picture.id : ''; };

function show() {
  const picture = album.find(location.hash.slice(1)) ?? null;
  const shown = picture !== null || stage.drawing;
  document.title = picture ? `${titleOf(picture)} – Show-o` : 'Show-o';
  byId('welcome').hidden = shown;
  byId('workbench').hidden = !shown;
  if (!picture) {
    workbench.picture = null;
  } else if (picture !== workbench.picture || (workbench.expecting && !easel.busy)) {
    workbench.open(picture);
    conversation.open(picture);
  }
  const together = picture ? album.pictures.filter(({ batch }) => batch && batch === picture.batch) : [];
  byId('siblings').hidden = together.length < 2;
  byId('siblings').replaceChildren(...together.map((other) => {
    const item = document.createElement('li');
    item.append(gallery.thumb(other, other === picture));
    return item;
  }));
  gallery.show(album.pictures, picture);
  byId('history-note').textContent = historyNote();
}

const historyNote = () => (album.kept
  ? 'Kept in this browser only'
  : 'This browser keeps nothing: these pictures go when the page is closed');

// --- Drawing ---

async function drawNew(prompt) {
  if (!known && !await start()) return;
  const { seed, ...settings } = composer.settings;
  await draw({ action: 'generate', prompt, settings }, seed);
}

function drawFrom(recipe) {
  const { seed, size, ...settings } = composer.settings;
  draw({ ...recipe, settings }, seed);
}

async function draw(recipe, seed = '') {
  if (easel.busy) {
    announce('Still drawing. Escape cancels.');
    return;
  }
  hideNotice();
  byId('welcome').hidden = true;
  byId('workbench').hidden = false;
  if (!workbench.picture || recipe.action === 'generate') workbench.expect(recipe, seed);
  const address = location.hash;
  const { drawn, failure } = await easel.draw(recipe, seed === '' ? randomSeed() : seed, known.image_size);
  if (failure) fail(failure, () => draw(recipe, seed));
  if (!drawn.length) {
    if (!failure) announce('Cancelled');
    stage.endTiles();
    if (workbench.expecting) show();
    return;
  }
  const batch = newId();
  const pictures = drawn.map((one, index) => ({
    ...one, id: index ? `${batch}-${index}` : batch, batch, created: Date.now() - index, recipe, turns: [],
  }));
  await album.add(pictures);
  announce(drawn.length > 1 ? `${drawn.length} pictures are drawn` : 'The picture is drawn');
  if (location.hash === address) go(pictures[0]);  // else the person looks at another one already
  else show();
}

// --- Opening, removing ---

async function openFile(file) {
  if (!file) return;
  try {
    const pixels = Math.min(kMostOpenedPixels, known?.limits?.pixels ?? Infinity);
    // In a conversation the picture is sent as base64, which takes a third more.
    const bytes = 0.7 * (known?.limits?.body_bytes ?? Infinity);
    const read = await readPicture(file, pixels, bytes);
    const picture = { ...read, id: newId(), name: file.name, created: Date.now(), recipe: null, turns: [] };
    await album.add([picture]);
    go(picture);
  } catch (error) {
    showNotice(error.message);
  }
}

async function remove(picture) {
  const index = album.pictures.indexOf(picture);
  await album.remove(picture);
  if (picture === workbench.picture) go(album.pictures[index] ?? album.pictures[index - 1]);
  show();
  const restore = async () => {
    await album.restore(picture, Math.min(index, album.pictures.length));
    show();
  };
  showNotice(`Removed “${titleOf(picture)}”.`, { calm: true, action: { label: 'Undo', run: restore } });
}

function clearHistory() {
  const everything = album.pictures;
  const restore = async () => {
    await album.add(everything);
    show();
  };
  album.clear();
  go(null);
  show();
  showNotice('The history is empty.', { calm: true, action: { label: 'Undo', run: restore } });
}

// --- What people press, drop and paste ---

function listen() {
  window.addEventListener('hashchange', () => {
    show();
    stage.reveal();
  });
  byId('again').addEventListener('click', () => draw(workbench.picture.recipe));
  byId('reuse').addEventListener('click', () => {
    const { recipe, seed } = workbench.picture;
    composer.prompt = recipe.prompt;
    composer.setSettings({ ...recipe.settings, n: 1, seed });
    byId('prompt').focus();
  });
  byId('remove').addEventListener('click', () => remove(workbench.picture));
  byId('history-clear').addEventListener('click', clearHistory);
  for (const id of ['open-file', 'welcome-open']) byId(id).addEventListener('click', () => byId('file').click());
  byId('file').addEventListener('change', ({ target }) => {
    openFile(target.files[0]);
    target.value = '';
  });
  byId('show-keys').addEventListener('click', () => byId('keys').showModal());
  fillChips(byId('examples'), kExamples, (text) => {
    composer.prompt = text;
    drawNew(text);
  });
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || document.querySelector('dialog[open]')) return;
    easel.cancel();
    conversation.stop();
  });
  document.addEventListener('paste', (event) => {
    const file = pictureAmong(event.clipboardData);
    if (!file) return;
    event.preventDefault();
    openFile(file);
  });
  const dragsFile = (event) => event.dataTransfer?.types.includes('Files');
  document.addEventListener('dragover', (event) => {
    if (!dragsFile(event)) return;
    event.preventDefault();
    byId('drop').hidden = false;
  });
  document.addEventListener('dragleave', (event) => { if (!event.relatedTarget) byId('drop').hidden = true; });
  document.addEventListener('drop', (event) => {
    if (!dragsFile(event)) return;
    event.preventDefault();
    byId('drop').hidden = true;
    const file = pictureAmong(event.dataTransfer);
    if (file) openFile(file);
    else showNotice('That is no picture.', { calm: true });
  });
}

/** Asks the server what it can do; false when it does not answer. */
async function start() {
  try {
    await learn();
    return true;
  } catch (error) {
    fail(error, start);
    return false;
  }
}

onKeyNeeded(askForKey);
listen();
album = await Album.open();
show();
await start();
