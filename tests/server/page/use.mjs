// What people do with the page: draw, paint, extend, ask, cancel, come back; with mouse, keys and a phone.

import { countPictures, expect, expectAccessible, expectEqual, keptPictures, newPage, waitForPictures } from './browser.mjs';

const kPrompt = 'a glossy frog to the left of a glossy rabbit on a white background';

/** Remembers what the progress said and which pictures were shown on the way. */
const watchSteps = (page) => page.evaluate(() => {
  window.seen = { texts: new Set(), pictures: new Set() };
  new MutationObserver(() => {
    window.seen.texts.add(document.getElementById('progress-text').textContent);
    for (const image of document.querySelectorAll('.tile img[src]')) window.seen.pictures.add(image.src);
  }).observe(document.getElementById('workbench'), { subtree: true, childList: true, characterData: true, attributes: true });
});

const seenSteps = (page) => page.evaluate(() => ({ texts: [...window.seen.texts], pictures: window.seen.pictures.size }));

/** Settings by name; the form is opened for it and closed again. */
async function set(page, settings) {
  await page.click('#settings summary');
  for (const [name, value] of Object.entries(settings)) {
    const field = page.locator(`[name=${name}]`);
    if (await field.evaluate(({ tagName }) => tagName) === 'SELECT') await field.selectOption(value);
    else await field.fill(String(value));
    await field.dispatchEvent('change');
  }
  await page.click('#settings summary');
}

async function drag(page, from, to) {
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move((from.x + to.x) / 2, (from.y + to.y) / 2, { steps: 4 });
  await page.mouse.move(to.x, to.y, { steps: 4 });
  await page.mouse.up();
}

/** Pixels of `before` that `after` shows changed, with `after` shifted; [x, y] each. */
function changes(before, after, shift = { x: 0, y: 0 }) {
  const changed = [];
  for (let y = 0; y < before.height; ++y) {
    for (let x = 0; x < before.width; ++x) {
      const a = 4 * (y * before.width + x), b = 4 * ((y + shift.y) * after.width + x + shift.x);
      if ([0, 1, 2].some((c) => before.pixels[a + c] !== after.pixels[b + c])) changed.push([x, y]);
    }
  }
  return changed;
}

const overflows = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

export async function testUse(browser, url, checks) {
  const page = await newPage(browser, url);
  const real = !(await page.textContent('#model')).includes('mock');
  const check = (name, run) => checks.run(page, name, run);
  let count = 0;

  await check('an empty page says what can be done', async () => {
    expect(await page.isVisible('#welcome'), 'no welcome');
    expect(await page.locator('#examples button').count() >= 4, 'too few examples');
    await expectAccessible(page, 'welcome');
    await checks.shot(page, 'welcome');
  });

  await check('a prompt is drawn, and its steps are seen', async () => {
    await watchSteps(page);
    await page.fill('#prompt', kPrompt);
    await page.keyboard.press('Enter');
    await waitForPictures(page, ++count);
    const { texts, pictures } = await seenSteps(page);
    expect(texts.filter((text) => text.startsWith('Step')).length >= 2, `steps told: ${texts}`);
    expect(pictures >= 2, `${pictures} pictures on the way`);
    expectEqual(await page.textContent('#title'), kPrompt, 'title');
    await checks.shot(page, 'drawn');
  });

  await check('the download is the picture as the server gave it, with its metadata', async () => {
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#download')]);
    const stream = await download.createReadStream();
    const parts = [];
    for await (const part of stream) parts.push(part);
    const file = Buffer.concat(parts);
    const [kept] = await keptPictures(page);
    expect(file.equals(Buffer.from(kept.bytes)), 'another file');
    expect(/iTXt|tEXt/.test(file.toString('latin1')) && file.includes(kPrompt), 'no prompt in the file');
    expect(/^a-glossy-frog.*-\d+\.png$/.test(download.suggestedFilename()), download.suggestedFilename());
  });

  await check('again takes a new seed; its settings and seed give the same picture', async () => {
    await page.click('#again');
    await waitForPictures(page, ++count);
    const [second, first] = await keptPictures(page, 2);
    expect(first.seed !== second.seed, 'the same seed');
    expectEqual(second.recipe, first.recipe, 'recipe');
    await page.click('#reuse');
    expectEqual(await page.inputValue('[name=seed]'), String(second.seed), 'seed in the form');
    await page.click('#draw');
    await waitForPictures(page, ++count);
    const [third] = await keptPictures(page);
    expectEqual(changes(second, third).length, 0, 'changed pixels');
    await page.click('#settings summary');
    await page.click('#settings-reset');
    await page.click('#settings summary');
  });

  await check('several pictures of one prompt, with other settings', async () => {
    await set(page, { n: 4, steps: 8, guidance_scale: 1, negative_prompt: 'a dog' });
    await page.click('#draw');
    await waitForPictures(page, count += 4);
    expectEqual(await page.locator('#siblings .thumb').count(), 4, 'pictures drawn together');
    const kept = await keptPictures(page, 4);
    expectEqual(new Set(kept.map(({ seed }) => seed)).size, 4, 'different seeds');
    expectEqual(kept[0].recipe.settings.steps, 8, 'steps');
    const title = await page.getAttribute('#download', 'download');
    await page.locator('#siblings .thumb').nth(2).click();
    await page.waitForFunction((before) => document.getElementById('download').download !== before, title);
    await checks.shot(page, 'several');
    await page.click('#reuse');
    await page.click('#draw');
    await waitForPictures(page, ++count);
    const [alone] = await keptPictures(page);
    expectEqual(changes(kept[2], alone).length, 0, 'changed pixels of one that is drawn again alone');
    await page.click('#settings summary');
    await page.click('#settings-reset');
    await page.click('#settings summary');
  });

  await check('what is painted is drawn anew, and the rest stays', async () => {
    await page.locator('#thumbs .thumb').last().click();  // the first picture that was drawn
    await page.click('#tab-paint');
    const box = await page.locator('#mask').boundingBox();
    const at = (x, y) => ({ x: box.x + box.width * x, y: box.y + box.height * y });
    await page.locator('#brush-size').fill('20');
    await drag(page, at(0.2, 0.3), at(0.2, 0.7));
    await drag(page, at(0.8, 0.1), at(0.9, 0.1));
    await page.click('#brush-undo');
    await page.click('#brush-invert');
    await page.click('#brush-invert');
    await page.click('#brush-erase');
    await drag(page, at(0.05, 0.2), at(0.05, 0.2));
    await checks.shot(page, 'painting');
    await page.fill('#paint-prompt', 'a glossy apple to the left of a glossy rabbit on a white background');
    await page.click('#paint-form .main');
    await waitForPictures(page, ++count);
    const before = (await keptPictures(page, count)).at(-1);
    const [after] = await keptPictures(page);
    expectEqual([after.width, after.height], [before.width, before.height], 'size');
    const changed = changes(before, after);
    expect(changed.length > 20, `${changed.length} pixels changed`);
    if (real) expect(changed.every(([x]) => x < before.width * 0.45), 'pixels outside the mask changed');
    await checks.shot(page, 'painted');
  });

  await check('an edge is dragged, and the picture goes on there', async () => {
    await page.click('#tab-extend');
    const [before] = await keptPictures(page);
    const edge = await page.locator('.edge.right').boundingBox();
    const picture = await page.locator('#picture').boundingBox();
    const from = { x: edge.x + edge.width / 2, y: edge.y + edge.height / 2 };
    await page.mouse.move(from.x, from.y);
    await page.mouse.down();
    await page.mouse.move(from.x + picture.width * 0.45, from.y, { steps: 8 });
    await checks.shot(page, 'extending');
    await page.mouse.up();
    expectEqual(await page.getAttribute('.edge.right', 'aria-valuenow'), '1', 'parts');
    await page.fill('#extend-prompt', 'a glossy rabbit to the left of a glossy dog on a white background');
    await page.click('#extend-form .main');
    await waitForPictures(page, ++count);
    const [after] = await keptPictures(page);
    expectEqual([after.width, after.height], [before.width * 1.5, before.height], 'size');
    if (real) expectEqual(changes(before, after).length, 0, 'changed pixels of the picture');
    await checks.shot(page, 'extended');
    await page.click('#again');
    await waitForPictures(page, ++count);
    const [another] = await keptPictures(page);
    expectEqual([another.width, another.height], [after.width, after.height], 'size, drawn again');
  });

  await check('two sides at once, by keys', async () => {
    await page.focus('.edge.left');
    await page.keyboard.press('ArrowLeft');
    await page.focus('.edge.down');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowUp');
    const promised = await page.textContent('#extend-size');
    const [before] = await keptPictures(page);
    await page.click('#extend-form .main');
    await waitForPictures(page, ++count);
    const [after] = await keptPictures(page);
    const wide = before.width + Math.round(before.height / 2);
    expectEqual([after.width, after.height], [wide, before.height + Math.round(wide / 2)], 'size');
    expect(promised.includes(`to ${after.width} × ${after.height}`), `promised: ${promised}`);
    if (real) expectEqual(changes(before, after, { x: Math.round(before.height / 2), y: 0 }).length, 0, 'changed pixels');
  });

  await check('vary draws the picture again', async () => {
    await page.locator('#thumbs .thumb').last().click();
    await page.click('#tab-vary');
    await page.fill('#vary-prompt', 'a glossy frog to the left of a glossy rabbit on a blue background');
    await page.locator('#vary-strength').fill('0.7');
    await page.click('#vary-form .main');
    await waitForPictures(page, ++count);
    const [after] = await keptPictures(page);
    expectEqual([after.recipe.action, after.recipe.strength], ['vary', 0.7], 'recipe');
    await checks.shot(page, 'varied');
  });

  if (await page.isVisible('#tab-change')) {
    await check('an instruction changes the picture', async () => {
      await page.locator('#thumbs .thumb').last().click();
      await page.click('#tab-change');
      await page.fill('#change-prompt', 'the background turns orange');
      await page.click('#change-form .main');
      await waitForPictures(page, ++count);
      expectEqual((await keptPictures(page))[0].recipe.action, 'change', 'action');
      await checks.shot(page, 'changed');
    });
  }

  await check('two questions are answered', async () => {
    await page.locator('#thumbs .thumb').last().click();
    await page.click('#tab-ask');
    await page.locator('#questions button').first().click();
    const answered = (turns) => page.waitForFunction((wanted) =>
      document.querySelectorAll('#turns .assistant').length === wanted && document.getElementById('ask-button').textContent === 'Ask', turns);
    await answered(1);
    await page.fill('#question', 'what is on the left?');
    await page.keyboard.press('Enter');
    await answered(2);
    const said = await page.locator('#turns .assistant .said').allTextContents();
    expect(said.every((text) => text.length > 2), `answers: ${said}`);
    console.log(`        answers: ${said.join(' | ')}`);
    await expectAccessible(page, 'conversation');
    await checks.shot(page, 'asked');
  });

  await check('drawing is cancelled', async () => {
    await set(page, { n: 10, steps: 64 });
    await page.click('#draw');
    await page.waitForFunction(() => document.getElementById('progress-text').textContent.startsWith('Step'));
    await checks.shot(page, 'drawing');
    await page.click('#cancel');
    await page.waitForSelector('#progress', { state: 'hidden' });
    expectEqual(await page.locator('#turns .assistant').count(), 2, 'turns of the picture that is open again');
    await page.click('#draw');
    await page.waitForFunction(() => document.getElementById('progress-text').textContent.startsWith('Step'));
    await page.keyboard.press('Escape');
    await page.waitForSelector('#progress', { state: 'hidden' });
    expect(await countPictures(page) < count + 20, 'nothing was cancelled');
    count = await countPictures(page);  // pictures that were complete by then are kept
    expect(await page.isHidden('#notice'), 'cancelling was told as an error');
    await page.click('#settings summary');
    await page.click('#settings-reset');
  });

  await check('a reload keeps the history, the open picture and its conversation', async () => {
    const title = await page.textContent('#title');
    await page.reload();
    await waitForPictures(page, count);
    expectEqual(await page.textContent('#title'), title, 'title');
    expectEqual(await page.locator('#turns .assistant').count(), 2, 'answers');
    await page.locator('#thumbs .thumb').first().click();
    await page.waitForFunction(() => document.querySelectorAll('#turns .assistant').length === 0);
    await page.goBack();
    await page.waitForFunction(() => document.querySelectorAll('#turns .assistant').length === 2);
  });

  await check('a picture is removed by a key and comes back', async () => {
    await page.locator('#thumbs .thumb[tabindex="0"]').focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Delete');
    await waitForPictures(page, count - 1);
    await page.click('#notice-action');
    await waitForPictures(page, count);
    await page.reload();
    await waitForPictures(page, count);
  });

  await check('pictures are pasted, dropped and chosen', async () => {
    const bring = (how) => page.evaluate(async (kind) => {
      const canvas = new OffscreenCanvas(90, 60);
      const context = canvas.getContext('2d');
      context.fillStyle = '#fc6';
      context.fillRect(0, 0, 90, 60);
      context.fillStyle = '#285';
      context.fillRect(30, 15, 30, 30);
      const data = new DataTransfer();
      data.items.add(new File([await canvas.convertToBlob({ type: 'image/jpeg' })], 'square.jpg', { type: 'image/jpeg' }));
      const options = { bubbles: true, cancelable: true };
      document.body.dispatchEvent(kind === 'paste'
        ? new ClipboardEvent('paste', { ...options, clipboardData: data })
        : new DragEvent('drop', { ...options, dataTransfer: data }));
    }, how);
    await bring('paste');
    await waitForPictures(page, ++count);
    await bring('drop');
    await waitForPictures(page, ++count);
    expectEqual(await page.textContent('#title'), 'square.jpg', 'title');
    const [picture] = await keptPictures(page);
    await page.setInputFiles('#file', { name: 'mine.png', mimeType: 'image/png', buffer: Buffer.from(picture.bytes) });
    await waitForPictures(page, ++count);
    await page.waitForFunction(() => document.getElementById('title').textContent === 'mine.png');
    expect(await page.isHidden('#again'), 'an opened picture cannot be drawn again');
    await page.setInputFiles('#file', { name: 'bad.png', mimeType: 'image/png', buffer: Buffer.from('no picture') });
    await page.waitForSelector('#notice');
    expect((await page.textContent('#notice-text')).includes('no picture'), 'not told what is wrong');
    await page.click('#notice-close');
  });

  await check('painting works by keys alone', async () => {
    await page.focus('#tab-ask');
    await page.keyboard.press('ArrowRight');
    expectEqual(await page.evaluate(() => document.activeElement.id), 'tab-paint', 'focus');
    await page.focus('#mask');
    await page.keyboard.press('Space');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Shift+ArrowDown');
    await page.keyboard.press('Control+z');
    await page.keyboard.press('x');
    expectEqual(await page.getAttribute('#brush-erase', 'aria-pressed'), 'true', 'eraser');
    await page.keyboard.press('x');
    await page.fill('#paint-prompt', 'a glossy apple on a yellow background');
    await page.keyboard.press('Enter');
    await waitForPictures(page, ++count);
    const [after, before] = await keptPictures(page, 2);
    expect(changes(before, after).length > 5, 'nothing was painted');
  });

  for (const colorScheme of ['light', 'dark']) {
    await check(`every tab is accessible, ${colorScheme}`, async () => {
      await page.emulateMedia({ colorScheme });
      await page.waitForTimeout(250);  // colours fade
      for (const tab of await page.locator('#tabs [role=tab]:visible').all()) {
        await tab.click();
        await page.waitForTimeout(200);
        await expectAccessible(page, await tab.textContent());
      }
      await page.click('#settings summary');
      await expectAccessible(page, 'settings');
      await checks.shot(page, `settings-${colorScheme}`);
      await page.click('#settings summary');
      await page.click('#show-keys');
      await expectAccessible(page, 'keyboard help');
      await checks.shot(page, `keys-${colorScheme}`);
      await page.keyboard.press('Escape');
    });
  }

  await check('a phone shows everything without scrolling sideways', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    for (const tab of await page.locator('#tabs [role=tab]:visible').all()) {
      await tab.click();
      expectEqual(await overflows(page), 0, `pixels too wide (${await tab.textContent()})`);
    }
    await page.locator('#thumbs .thumb').last().click();
    await page.click('#tab-ask');
    await page.waitForTimeout(200);
    await checks.shot(page, 'phone', { fullPage: true });
    await page.click('h1 a');
    await page.waitForSelector('#welcome');
    expectEqual(await overflows(page), 0, 'pixels too wide (welcome)');
    await checks.shot(page, 'phone-welcome');
  });

  await check('the history is emptied, and that is undone', async () => {
    await page.click('#history-clear');
    await page.waitForSelector('#history', { state: 'hidden' });
    await page.click('#notice-action');
    await waitForPictures(page, count);
  });

  await page.context().close();
}
