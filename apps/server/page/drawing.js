// A recipe says how a picture comes to be: {action, prompt, settings, and for changes the picture
// they begin from}. Here it becomes requests, and their events become a few kinds that the page
// shows: queued, progress, partial and completed.

import { edits, generations, ServerError } from './api.js';
import { extendedSize, glimpse } from './extension.js';
import { blobOfBase64, sizeOf } from './picture_file.js';

const kMostPartials = 16;

// Short enough to be read out and typed.
export const randomSeed = () => Math.floor(Math.random() * 1e6);

function commonFields({ prompt, settings }, seed) {
  const fields = { prompt, seed, stream: true, progress: true, output_format: 'png' };
  for (const [name, value] of Object.entries(settings))
    if (value !== '' && value !== undefined && value !== null) fields[name] = value;
  if (settings.steps) fields.partial_images = Math.min(settings.steps, kMostPartials);
  return fields;
}

/** What each action sends beside the common fields. */
const ownFields = {
  inpaint: (recipe) => ({ image: recipe.image, mask_image: recipe.mask }),
  extend: (recipe) => ({ image: recipe.image, direction: recipe.sides[0] }),
  vary: (recipe) => ({ image: recipe.image, strength: recipe.strength }),
  change: (recipe) => ({ image: recipe.image }),
};

function request(recipe, seed, signal) {
  const fields = commonFields(recipe, seed);
  if (recipe.action === 'generate') return generations(fields, signal);
  delete fields.size;
  return edits({ ...fields, ...ownFields[recipe.action](recipe) }, signal);
}

async function* drawOnce(recipe, seed, signal) {
  let completed = 0;
  for await (const event of request(recipe, seed, signal)) {
    const kind = event.type.split('.').pop();
    const index = event.image_index ?? 0;
    if (kind === 'queued') {
      yield { kind, position: event.position };
    } else if (kind === 'progress') {
      yield { kind, index, step: event.step, steps: event.steps };
    } else if (kind === 'partial_image') {
      yield { kind: 'partial', index, blob: blobOfBase64(event.b64_json) };
    } else if (kind === 'completed') {
      ++completed;
      yield { kind, index, blob: blobOfBase64(event.b64_json), seed: event.seed ?? seed };
    }
  }
  if (completed === 0) throw new ServerError('gone', 'The connection broke before the picture was done.');
}

/** Several sides are extended one after the other, each beyond what the last has made. */
async function* extend(recipe, seed, signal) {
  const { sides } = recipe;
  const size = await sizeOf(recipe.image);
  let { image } = recipe;
  for (const [part, side] of sides.entries()) {
    yield { kind: 'partial', index: 0, blob: await glimpse(size, sides, part, image, null) };
    const one = { ...recipe, image, sides: [side], settings: { ...recipe.settings, n: 1 } };
    for await (const event of drawOnce(one, seed, signal)) {
      if (event.kind === 'partial') {
        yield { ...event, blob: await glimpse(size, sides, part, image, event.blob) };
      } else if (event.kind === 'progress') {
        yield { ...event, step: part * event.steps + event.step, steps: sides.length * event.steps };
      } else if (event.kind === 'completed') {
        image = event.blob;
        if (part + 1 === sides.length) yield event;
      } else {
        yield event;
      }
    }
  }
}

/** What size the pictures of a recipe will have; `side` is that of the model's own. */
export async function sizeOfResult({ action, image, sides, settings }, side) {
  if (action === 'inpaint') return sizeOf(image);
  if (action === 'extend') return extendedSize(await sizeOf(image), sides);
  const [width, height] = (settings.size ?? '').split('x').map(Number);
  return { width: width || side, height: height || side };
}

/** The events of a recipe. */
export const draw = (recipe, seed, signal) =>
  (recipe.action === 'extend' ? extend : drawOnce)(recipe, seed, signal);
