// States that a real server is rarely in: a queue, no room, no answer, a key, a connection that breaks.

import { expect, expectAccessible, expectEqual, newPage, waitForPictures } from './browser.mjs';
import { startMock } from './mock_server.mjs';

const text = (page, id) => page.textContent(`#${id}`);

export async function testHardStates(browser, mock, checks) {
  const { state } = mock;
  let page = await newPage(browser, mock.url);
  const check = (name, run) => checks.run(page, name, run);
  const drawApple = async () => {
    await page.fill('#prompt', 'an apple');
    await page.click('#draw');
  };

  await check('the place in the queue is told', async () => {
    state.queue = 3;
    state.pause = 100;
    await drawApple();
    await page.waitForFunction(() => document.getElementById('progress-text').textContent === 'Waiting behind 2 others');
    await checks.shot(page, 'queued');
    await page.waitForFunction(() => document.getElementById('progress-text').textContent === 'Next in the queue');
    await waitForPictures(page, 1);
    state.queue = 0;
    state.pause = 30;
  });

  await check('a busy server is told, and trying again works', async () => {
    state.busy = true;
    await page.click('#draw');
    await page.waitForSelector('#notice');
    expect((await text(page, 'notice-text')).includes('busy'), await text(page, 'notice-text'));
    expect(await page.isDisabled('#notice-action'), 'trying again must wait');
    await expectAccessible(page, 'busy');
    await checks.shot(page, 'busy');
    state.busy = false;
    await page.waitForSelector('#notice-action:not([disabled])');
    await page.click('#notice-action');
    await waitForPictures(page, 2);
  });

  await check('a question to a busy server stays in its field', async () => {
    state.busy = true;
    await page.fill('#question', 'what is it?');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#notice');
    expectEqual(await page.inputValue('#question'), 'what is it?', 'question');
    expectEqual(await page.locator('#turns p').count(), 0, 'turns');
    state.busy = false;
    await page.waitForSelector('#notice-action:not([disabled])');
    await page.click('#notice-action');
    await page.waitForFunction(() => document.querySelectorAll('#turns .assistant').length === 1
      && document.getElementById('ask-button').textContent === 'Ask');
  });

  await check('an answer is stopped, and what was said stays', async () => {
    state.pause = 300;
    await page.fill('#question', 'and then?');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.querySelector('.writing')?.textContent.length > 3);
    await page.click('#ask-button');
    await page.waitForFunction(() => document.getElementById('ask-button').textContent === 'Ask');
    expectEqual(await page.locator('#turns p').count(), 4, 'turns');
    state.pause = 30;
  });

  await check('the server learns that drawing was cancelled', async () => {
    const before = state.ended.cancelled;
    state.pause = 100;
    await page.click('#draw');
    await page.waitForFunction(() => document.getElementById('progress-text').textContent.startsWith('Step'));
    await page.keyboard.press('Escape');
    await page.waitForSelector('#progress', { state: 'hidden' });
    await page.waitForTimeout(300);
    expectEqual(state.ended.cancelled, before + 1, 'cancelled');
    state.pause = 30;
  });

  await check('the mask is white where it was painted', async () => {
    await page.click('#tab-paint');
    await page.click('#mask');
    await page.click('#paint-form .main');
    await waitForPictures(page, 3);
    const white = await page.evaluate(async (bytes) => {
      const bitmap = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
      const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
      context.drawImage(bitmap, 0, 0);
      const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
      const at = (x, y) => data[4 * (y * bitmap.width + x)];
      return { size: bitmap.width, centre: at(32, 32), corner: at(2, 2) };
    }, [...state.last.mask_image]);
    expectEqual(white, { size: 64, centre: 255, corner: 0 }, 'mask');
  });

  await check('a key is asked for and used', async () => {
    state.key = 'apple';
    await page.reload();
    await page.waitForSelector('#key-dialog[open]');
    await expectAccessible(page, 'key');
    await page.fill('#key', 'pear');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.getElementById('key-title').textContent.includes('does not know'));
    await checks.shot(page, 'key');
    await page.fill('#key', 'apple');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.querySelector('[name=steps]').value !== '');
    await drawApple();
    await waitForPictures(page, 4);
    state.key = null;
  });

  await check('a server that is gone is told, and so is its return', async () => {
    const other = await startMock();
    const first = page;
    page = await newPage(browser, other.url);
    const port = Number(new URL(other.url).port);
    other.state.pause = 200;
    await drawApple();
    await page.waitForFunction(() => document.getElementById('progress-text').textContent.startsWith('Step'));
    await other.close();
    await page.waitForSelector('#notice');
    expect((await text(page, 'notice-text')).includes('does not answer'), await text(page, 'notice-text'));
    expect(await page.isVisible('#welcome'), 'the page goes on');
    await checks.shot(page, 'gone');
    const again = await startMock({ port });
    await page.waitForSelector('#notice', { state: 'hidden' });
    await drawApple();
    await waitForPictures(page, 1);
    await again.close();
    await page.context().close();
    page = first;
  });

  await page.context().close();
}
