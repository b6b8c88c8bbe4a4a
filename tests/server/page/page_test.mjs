// Uses the page of a running server as people do, in a headless Chromium:
//   node page_test.mjs http://127.0.0.1:PORT [--shots DIR]
// Afterwards the states that a real server is rarely in are brought about with the stand-in
// (mock_server.mjs). Without an address everything runs against the stand-in.

import { mkdirSync } from 'node:fs';
import { Checks, launch } from './browser.mjs';
import { startMock } from './mock_server.mjs';
import { testHardStates } from './hard_states.mjs';
import { testUse } from './use.mjs';

const words = process.argv.slice(2);
const at = words.indexOf('--shots');
const shots = at >= 0 ? words.splice(at, 2)[1] : null;
if (shots) mkdirSync(shots, { recursive: true });

const checks = new Checks(shots);
const mock = await startMock();
const browser = await launch();
try {
  await testUse(browser, words[0] ?? mock.url, checks);
  await testHardStates(browser, mock, checks);
} finally {
  await browser.close();
  await mock.close();
}
console.log(checks.failed ? `${checks.failed} failed` : 'all passed');
process.exitCode = checks.failed ? 1 : 0;
