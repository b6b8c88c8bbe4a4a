// What the tests of the page share: the browser, waiting, checking and looking at pictures.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

// The packages may lie elsewhere: SHOWO_NODE_MODULES names the folder.
const folder = process.env.SHOWO_NODE_MODULES;
const require = createRequire(folder ? join(folder, 'any.js') : import.meta.url);
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

export const launch = () => chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
});

/** A new page, whose errors are collected in `page.troubles`. */
export async function newPage(browser, url, { width = 1280, height = 860, ...others } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, acceptDownloads: true, reducedMotion: 'reduce', ...others });
  const page = await context.newPage();
  page.setDefaultTimeout(30000);
  page.troubles = [];
  page.on('pageerror', (error) => page.troubles.push(error.stack));
  // Answers that say no are written to the console by the browser itself; tests of them expect that.
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) page.troubles.push(message.text());
  });
  await page.goto(url);
  await page.waitForFunction(() => document.querySelector('[name=steps]').value !== '' || !document.getElementById('notice').hidden
    || document.getElementById('key-dialog').open);
  return page;
}

export function expect(truth, message) {
  if (!truth) throw new Error(message);
}

export function expectEqual(found, wanted, what) {
  const [a, b] = [found, wanted].map((value) => JSON.stringify(value));
  expect(a === b, `${what}: expected ${b}, found ${a}`);
}

/** Runs checks one after the other and counts what fails; a screenshot shows where. */
export class Checks {
  failed = 0;
  constructor(shots) { this.shots = shots; }

  async run(page, name, check) {
    try {
      await check();
      expectEqual(page.troubles, [], 'errors in the page');
      console.log(`ok      ${name}`);
    } catch (error) {
      ++this.failed;
      page.troubles.length = 0;
      console.log(`FAILED  ${name}\n        ${error.stack.split('\n').slice(0, 6).join('\n        ')}`);
      await this.shot(page, `failed-${this.failed}`);
    }
  }

  async shot(page, name, options = {}) {
    if (this.shots) await page.screenshot({ path: join(this.shots, `${name}.png`), ...options });
  }
}

/** Accessibility: what axe-core calls serious or critical. */
export async function expectAccessible(page, where) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run());
  const found = violations.filter(({ impact }) => ['serious', 'critical'].includes(impact))
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).slice(0, 4).join(', ')}`);
  expectEqual(found, [], `accessibility (${where})`);
}

/** The newest pictures of the history as the browser keeps them, with their pixels as RGB rows. */
export const keptPictures = (page, count = 1) => page.evaluate(async (most) => {
  const request = indexedDB.open('showo');
  const database = await new Promise((resolve) => { request.onsuccess = () => resolve(request.result); });
  const all = database.transaction('pictures').objectStore('pictures').getAll();
  const pictures = await new Promise((resolve) => { all.onsuccess = () => resolve(all.result); });
  database.close();
  pictures.sort((a, b) => b.created - a.created);
  return Promise.all(pictures.slice(0, most).map(async ({ blob, width, height, seed, recipe, turns }) => {
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext('2d');
    context.drawImage(await createImageBitmap(blob), 0, 0);
    const pixels = [...context.getImageData(0, 0, width, height).data];
    const bytes = [...new Uint8Array(await blob.arrayBuffer())];
    return { width, height, seed, turns, pixels, bytes, recipe: recipe && { ...recipe, image: null, mask: null } };
  }));
}, count);

/** Waits until `count` pictures are in the history and nothing is being drawn. */
export const waitForPictures = (page, count) => page.waitForFunction((wanted) =>
  document.querySelectorAll('#thumbs .thumb').length === wanted && document.getElementById('progress').hidden, count);

export const countPictures = (page) => page.locator('#thumbs .thumb').count();
