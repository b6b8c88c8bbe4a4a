// What the page says about a picture.

const verbs = { inpaint: 'Painted', extend: 'Extended', vary: 'Varied', change: 'Changed' };

export const titleOf = (picture) => picture.recipe?.prompt ?? picture.name ?? 'An opened picture';

const number = (value) => String(Number(value));

export const settingsText = ({ n, steps, guidance_scale: guidance, preset, seed }) => [
  Number(n) > 1 && `${n} pictures`,
  steps && `${steps} steps`,
  guidance !== '' && guidance !== undefined && `guidance ${number(guidance)}`,
  preset && preset !== 'exact' && preset,
  seed !== undefined && (seed === '' ? 'a new seed each time' : `seed ${seed}`),
].filter(Boolean).join(' · ');

export function factsOf(picture) {
  const { recipe } = picture;
  const size = `${picture.width}\u00a0×\u00a0${picture.height}`;
  const time = new Date(picture.created)
    .toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' }).replaceAll(' ', '\u00a0');
  if (!recipe) return `Opened · ${size} · ${time}`;
  const parts = [
    verbs[recipe.action],
    settingsText({ ...recipe.settings, n: 1, seed: picture.seed }),
    recipe.action === 'vary' && `strength ${recipe.strength}`,
    recipe.settings.negative_prompt && `without “${recipe.settings.negative_prompt}”`,
    size,
    time,
  ];
  return parts.filter(Boolean).join(' · ');
}

/** A file name made of the prompt and the seed. */
export function fileNameOf(picture) {
  const words = titleOf(picture).toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '').slice(0, 60);
  return `${words || 'picture'}${picture.seed === undefined ? '' : `-${picture.seed}`}.png`;
}
