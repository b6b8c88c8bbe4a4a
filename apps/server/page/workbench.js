// The open picture: what it is, what can be done with it, and the tools of the chosen tab.

import { Brush } from './brush.js';
import { byId, growsWithText, sendsWithEnter } from './dom.js';
import { Edges } from './edges.js';
import { showNotice } from './notice.js';
import { Tabs } from './tabs.js';
import { factsOf, fileNameOf, settingsText, titleOf } from './words.js';

// The tab of each thing that the server may be able to do.
const kTabs = { chat: 'ask', inpaint: 'paint', extend: 'extend', redraw: 'vary', change: 'change' };

export class Workbench {
  picture = null;
  #stage;
  #brush;
  #edges;
  #tabs;
  #growing = [];

  /** onDraw(recipe): draw this, from the open picture. The settings are added by who is told. */
  constructor(stage, onDraw) {
    this.#stage = stage;
    this.#brush = new Brush(stage);
    this.#edges = new Edges(stage);
    this.#tabs = new Tabs(byId('tabs'), () => this.#useTools());
    const form = (name, recipeOf) => {
      const prompt = byId(`${name}-prompt`);
      prompt.required = true;
      sendsWithEnter(prompt);
      this.#growing.push(growsWithText(prompt));
      byId(`${name}-form`).addEventListener('submit', async (event) => {
        event.preventDefault();
        const own = await recipeOf();
        if (own) onDraw({ ...own, prompt: prompt.value.trim(), image: this.picture.blob });
      });
    };
    form('paint', async () => {
      const mask = await this.#brush.mask();
      if (!mask) showNotice('Paint over a part of the picture first.', { calm: true });
      return mask && { action: 'inpaint', mask };
    });
    form('extend', () => {
      const { sides } = this.#edges;
      if (!sides.length) showNotice('Choose a side first: drag an edge of the picture, or press a button.', { calm: true });
      return sides.length && { action: 'extend', sides };
    });
    form('vary', () => ({ action: 'vary', strength: Number(byId('vary-strength').value) }));
    form('change', () => ({ action: 'change' }));
    document.addEventListener('keydown', (event) => {
      const typing = event.target.matches('input[type=text], textarea');
      if (!this.#brush.active || typing || event.key.toLowerCase() !== 'z' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      this.#brush.undo();
    });
  }

  learn(abilities) {
    this.#tabs.offer(abilities.modes.map((mode) => kTabs[mode]).filter(Boolean));
  }

  /** Whether the panel tells of a picture to come instead of the open one. */
  get expecting() { return byId('panel').classList.contains('coming'); }

  /** Says what is being drawn, until it can be opened. */
  expect(recipe, seed) {
    byId('panel').classList.add('coming');
    byId('title').textContent = recipe.prompt;
    byId('facts').textContent = settingsText({ ...recipe.settings, seed: seed === '' ? undefined : seed });
  }

  open(picture) {
    this.picture = picture;
    byId('panel').classList.remove('coming');
    this.#stage.show(picture.blob, { width: picture.width, height: picture.height }, titleOf(picture));
    byId('title').textContent = titleOf(picture);
    byId('facts').textContent = factsOf(picture);
    byId('again').hidden = byId('reuse').hidden = !picture.recipe;
    URL.revokeObjectURL(byId('download').href);
    byId('download').href = URL.createObjectURL(picture.blob);
    byId('download').download = fileNameOf(picture);
    const prompt = picture.recipe && picture.recipe.action !== 'change' ? picture.recipe.prompt : '';
    for (const name of ['paint', 'extend', 'vary']) byId(`${name}-prompt`).value = prompt;
    byId('change-prompt').value = '';
    this.#brush.reset();
    this.#edges.reset();
    this.#useTools();
  }

  #useTools() {
    if (!this.picture) return;
    this.#brush.setActive(this.#tabs.chosen === 'paint');
    this.#edges.setActive(this.#tabs.chosen === 'extend');
    for (const grow of this.#growing) grow();
  }
}
