// The form at the top: the prompt and the settings, whose ranges and usual values the server tells.

import { byId, clamp, growsWithText, make, sendsWithEnter } from './dom.js';
import { settingsText } from './words.js';

const kNumbers = ['n', 'steps', 'guidance_scale', 'seed'];

export class Composer {
  #form = byId('composer');
  #fields = this.#form.elements;
  #usual = {};
  #ranges = {};
  #grow;

  /** onDraw(prompt): the form was sent. */
  constructor(onDraw) {
    const prompt = byId('prompt');
    sendsWithEnter(prompt);
    this.#grow = growsWithText(prompt);
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (this.prompt) onDraw(this.prompt);
      else prompt.focus();
    });
    this.#form.addEventListener('input', () => this.#summarise());
    this.#form.addEventListener('change', (event) => {
      if (event.target === this.#fields.preset) this.#followPreset();
      if (kNumbers.includes(event.target.name)) event.target.value = this.#keepInRange(event.target);
      this.#summarise();
    });
    byId('settings-reset').addEventListener('click', () => this.setSettings({}));
  }

  /** What the server can do; see GET /v1/capabilities. */
  learn(abilities) {
    this.#ranges = abilities.ranges ?? {};
    const { defaults = {} } = abilities;
    this.#usual = {
      n: defaults.n ?? 1,
      steps: defaults.steps,
      guidance_scale: defaults.guidance_scale,
      preset: defaults.preset ?? abilities.presets?.[0],
      size: abilities.sizes?.[0],
      seed: '',
      negative_prompt: '',
    };
    for (const name of kNumbers) {
      const { min, max } = this.#ranges[name] ?? {};
      if (min !== undefined) this.#fields[name].min = min;
      if (max !== undefined) this.#fields[name].max = max;
    }
    this.#offer('preset', abilities.presets);
    this.#offer('size', abilities.sizes);
    this.setSettings({});
  }

  // A choice of one needs no field.
  #offer(name, choices = []) {
    const select = this.#fields[name];
    select.replaceChildren(...choices.map((choice) => make('option', { value: choice }, choice.replace(/^(\d+)x(\d+)$/, '$1 × $2'))));
    select.closest('label').hidden = choices.length < 2;
  }

  #followPreset() {
    const part = this.#fields.preset.value === 'fast' ? 0.5 : 1;
    this.#fields.steps.value = Math.max(1, Math.round(this.#usual.steps * part));
  }

  // What is no number, or too large or small, becomes what is meant most likely.
  #keepInRange({ name, value }) {
    const usual = this.#usual[name];
    if (value === '') return usual;
    const { min = 0, max = Number.MAX_SAFE_INTEGER } = this.#ranges[name] ?? {};
    const number = clamp(Number(value), min, max);
    return name === 'guidance_scale' ? number : Math.round(number);
  }

  #summarise() { byId('settings-summary').textContent = settingsText(this.settings); }

  get prompt() { return byId('prompt').value.trim(); }

  set prompt(text) {
    byId('prompt').value = text;
    this.#grow();
  }

  /** As the server names them; `seed` is '' where each drawing takes a new one. */
  get settings() {
    const fields = this.#fields;
    const number = (name) => this.#keepInRange(fields[name]);
    return {
      n: number('n'),
      steps: number('steps'),
      guidance_scale: number('guidance_scale'),
      preset: fields.preset.value || undefined,
      size: fields.size.value || undefined,
      negative_prompt: fields.negative_prompt.value.trim(),
      seed: number('seed'),
    };
  }

  /** Sets what is given and the usual values for the rest. */
  setSettings(settings) {
    for (const [name, usual] of Object.entries(this.#usual))
      this.#fields[name].value = settings[name] ?? usual ?? '';
    this.#summarise();
  }
}
