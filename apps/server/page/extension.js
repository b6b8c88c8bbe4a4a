// Where the parts of an extended picture lie. The server adds one part at a time: half as wide as the
// picture is high beside it, half as high as it is wide above or below it.

import { bitmapCanvas } from './picture_file.js';

// Of what is shown while it is drawn.
const kMostSide = 768;

const isBeside = (side) => side === 'left' || side === 'right';

/** Pixels that one more part adds on this side. */
export const partOf = ({ width, height }, side) => Math.round((isBeside(side) ? height : width) / 2);

const grownBy = ({ width, height }, { left, right, up, down }) =>
  ({ width: width + left + right, height: height + up + down });

/** Pixels added on each side when the sides are extended in this order. */
export function padsOf(size, sides) {
  const pads = { left: 0, right: 0, up: 0, down: 0 };
  for (const side of sides) pads[side] += partOf(grownBy(size, pads), side);
  return pads;
}

export const extendedSize = (size, sides) => grownBy(size, padsOf(size, sides));

// Of the model's square the half that lies beyond the side, as shares of it.
const outerHalves = {
  left: [0, 0, 0.5, 1], right: [0.5, 0, 0.5, 1], up: [0, 0, 1, 0.5], down: [0, 0.5, 1, 0.5],
};

/**
 * The picture on its way: of `size` at first, `sides` to extend, `done` of them behind it in `picture`
 * (a blob); `drawn` (a blob, or null) is the model's square of the next part.
 */
export async function glimpse(size, sides, done, picture, drawn) {
  const all = padsOf(size, sides), so = padsOf(size, sides.slice(0, done));
  const whole = grownBy(size, all), now = grownBy(size, so);
  const x = all.left - so.left, y = all.up - so.up;
  const scale = Math.min(1, kMostSide / Math.max(whole.width, whole.height));
  const { canvas, context } = bitmapCanvas(Math.ceil(whole.width * scale), Math.ceil(whole.height * scale));
  context.scale(scale, scale);
  context.drawImage(await createImageBitmap(picture), x, y, now.width, now.height);
  if (drawn) {
    const side = sides[done], part = partOf(now, side);
    const place = {
      left: [x - part, y, part, now.height],
      right: [x + now.width, y, part, now.height],
      up: [x, y - part, now.width, part],
      down: [x, y + now.height, now.width, part],
    }[side];
    const square = await createImageBitmap(drawn);
    const from = outerHalves[side].map((share, index) => share * (index % 2 ? square.height : square.width));
    context.drawImage(square, ...from, ...place);
  }
  return canvas.convertToBlob();
}
