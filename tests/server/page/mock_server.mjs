// A stand-in for `showo serve`: the page's files and made-up pictures and answers. It serves for working
// on the page and for states that a real server is rarely in: a long queue, no room, a key, no answer.
//   node mock_server.mjs [--port 8080]

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { crc32, deflateSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';

const pageFolder = new URL('../../../apps/server/page/', import.meta.url);
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const types = { html: 'text/html; charset=utf-8', css: 'text/css', js: 'text/javascript', svg: 'image/svg+xml' };
const side = 64;

const pause = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

// --- PNG ---

function chunk(name, data) {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  const head = Buffer.alloc(4), tail = Buffer.alloc(4);
  head.writeUInt32BE(data.length);
  tail.writeUInt32BE(crc32(body));
  return Buffer.concat([head, body, tail]);
}

/** A PNG whose pixels are colour(x, y) = [r, g, b], with texts as its metadata. */
export function png(width, height, colour, texts = {}) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const rows = Buffer.alloc(height * (1 + 3 * width));
  for (let y = 0; y < height; ++y)
    for (let x = 0; x < width; ++x) rows.set(colour(x, y), y * (1 + 3 * width) + 1 + 3 * x);
  return Buffer.concat([
    Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]),
    chunk('IHDR', header),
    ...Object.entries(texts).map(([key, value]) => chunk('tEXt', Buffer.from(`${key}\0${value}`, 'latin1'))),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

const sizeOfPng = (bytes) => ({ width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) });

/** Noise at first, a disc of the seed's colour at last. */
function picture(width, height, seed, done, texts) {
  const hue = [seed * 73 % 256, seed * 151 % 256, seed * 37 % 256];
  const hash = (x, y) => ((x * 374761393 + y * 668265263 + seed * 1442695) >>> 0) % 1000 / 1000;
  return png(width, height, (x, y) => {
    const token = hash(x >> 3, y >> 3);
    if (token > done) return Array(3).fill(90 + 90 * token);
    const far = Math.hypot(x - width / 2, y - height / 2) > Math.min(width, height) * 0.36;
    return far ? hue.map((c) => 160 + c * 0.3) : hue.map((c) => c * (0.6 + 0.4 * (1 - y / height)));
  }, texts);
}

// --- Server ---

async function bodyOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
}

async function fieldsOf(request) {
  const body = await bodyOf(request);
  const type = request.headers['content-type'] ?? '';
  if (!type.startsWith('multipart/')) return JSON.parse(body);
  const form = await new Response(body, { headers: { 'Content-Type': type } }).formData();
  const fields = {};
  for (const [name, value] of form)
    fields[name] = typeof value === 'string' ? value : Buffer.from(await value.arrayBuffer());
  return fields;
}

const abilities = {
  model: 'mock', version: '0.1.0',
  modes: ['generate', 'inpaint', 'extend', 'redraw', 'change', 'chat'],
  image_size: side, sizes: [`${side}x${side}`], output_formats: ['png'], presets: ['exact', 'balanced', 'fast'],
  schedules: ['cosine'], orders: ['confidence', 'halton'],
  defaults: { steps: 16, guidance_scale: 0, temperature: 1, n: 1, preset: 'exact' },
  ranges: { steps: { min: 1, max: 64 }, guidance_scale: { min: 0, max: 100 }, n: { min: 1, max: 10 } },
  limits: { body_bytes: 16e6, pixels: 16e6, n: 10, queue: 8 },
  chat: { max_tokens: 100 },
};

function say(response, status, body, headers = {}) {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

const refuse = (response, status, message, headers) =>
  say(response, status, { error: { message, type: 'mock', param: null, code: null } }, headers);

function beginEvents(response) {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  response.write(': hello\n\n');
}

async function draw(response, family, fields, width, height, state) {
  const send = (kind, body) => {
    const type = `${family}.${kind}`;
    response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...body })}\n\n`);
  };
  const n = Number(fields.n ?? 1), steps = Number(fields.steps ?? 16), seed = Number(fields.seed ?? 1);
  beginEvents(response);
  for (let position = state.queue; position > 0; --position) {
    send('queued', { position: position - 1 });
    await pause(state.pause * 4);
  }
  for (let step = 1; step <= steps && !response.destroyed; ++step) {
    await pause(state.pause);
    for (let index = 0; index < n; ++index) {
      send('progress', { image_index: index, step, steps });
      const b64_json = picture(width, height, seed + index, step / steps).toString('base64');
      if (step < steps) send('partial_image', { b64_json, partial_image_index: step - 1, image_index: index, step });
    }
  }
  ++state.ended[response.destroyed ? 'cancelled' : 'done'];
  for (let index = 0; index < n; ++index) {
    const texts = { prompt: fields.prompt, seed: seed + index, steps };
    const b64_json = picture(width, height, seed + index, 1, texts).toString('base64');
    send('completed', { b64_json, image_index: index, seed: seed + index });
  }
  response.end();
}

async function chat(response, { messages }, state) {
  beginEvents(response);
  const turns = messages.filter(({ role }) => role === 'user').length;
  for (const content of `This is answer ${turns}, a disc of one colour.`.match(/\S+\s*/g)) {
    response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`);
    await pause(state.pause);
  }
  response.end('data: [DONE]\n\n');
}

async function answer(request, response, state) {
  const path = new URL(request.url, 'http://mock').pathname;
  if (path === '/health') return say(response, 200, { status: 'ok' });
  if (!path.startsWith('/v1/')) {
    const name = path === '/' ? 'index.html' : path.slice(1);
    if (!/^[\w-]+\.\w+$/.test(name)) return refuse(response, 404, 'no such page');
    const file = await readFile(new URL(name, pageFolder)).catch(() => null);
    if (!file) return refuse(response, 404, 'no such page');
    response.writeHead(200, { 'Content-Type': types[name.split('.').pop()], 'Content-Security-Policy': policy });
    return response.end(file);
  }
  if (state.key && request.headers.authorization !== `Bearer ${state.key}`) return refuse(response, 401, 'a key is needed');
  if (path === '/v1/capabilities') return say(response, 200, abilities);
  const fields = await fieldsOf(request);
  state.last = fields;
  if (state.busy) return refuse(response, 429, 'the queue is full', { 'Retry-After': '2' });
  if (path === '/v1/chat/completions') return chat(response, fields, state);
  if (path === '/v1/images/generations') return draw(response, 'image_generation', fields, side, side, state);
  if (path === '/v1/images/edits') {
    let { width, height } = sizeOfPng(fields.image);
    if (['left', 'right'].includes(fields.direction)) width += Math.round(height / 2);
    else if (fields.direction) height += Math.round(width / 2);
    return draw(response, 'image_edit', fields, width, height, state);
  }
  return refuse(response, 404, 'no such call');
}

/** Promises {url, state, close}; `state` may be changed while it runs: {pause, queue, busy, key}. */
export async function startMock({ port = 0 } = {}) {
  const state = { pause: 60, queue: 0, busy: false, key: null, last: null, ended: { done: 0, cancelled: 0 } };
  const server = createServer((request, response) => {
    answer(request, response, state).catch((error) => refuse(response, 500, error.message));
  });
  await new Promise((resolve) => { server.listen(port, '127.0.0.1', resolve); });
  const close = () => new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${server.address().port}`, state, close };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const at = process.argv.indexOf('--port');
  const { url } = await startMock({ port: at > 0 ? Number(process.argv[at + 1]) : 0 });
  console.log(`listening on ${url}`);
}
