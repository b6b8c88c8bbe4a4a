// Files of pictures: reading what was dropped, pasted or chosen, and the turns between blobs,
// base64 and data URLs.

export function blobOfBase64(text, type = 'image/png') {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Blob([bytes], { type });
}

export function dataUrlOf(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

export async function sizeOf(blob) {
  const bitmap = await createImageBitmap(blob);
  const size = { width: bitmap.width, height: bitmap.height };
  bitmap.close();
  return size;
}

/** A canvas that nobody sees; canvas.convertToBlob() makes a PNG of it. */
export function bitmapCanvas(width, height) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  context.imageSmoothingQuality = 'high';
  return { canvas, context };
}

/**
 * A picture as PNG of at most so many pixels and bytes. A PNG that is small enough stays as it is; a
 * photograph is turned upright as the browser shows it, so that the mask and the server see the same.
 */
export async function readPicture(file, mostPixels, mostBytes) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    throw new Error('This file is no picture that the browser can read. PNG, JPEG and WebP work.');
  }
  const scale = Math.min(1, Math.sqrt(mostPixels / (bitmap.width * bitmap.height)));
  const width = Math.max(1, Math.floor(bitmap.width * scale));
  const height = Math.max(1, Math.floor(bitmap.height * scale));
  let blob = new Blob([file], { type: 'image/png' });
  if (scale < 1 || file.type !== 'image/png') {
    const { canvas, context } = bitmapCanvas(width, height);
    context.drawImage(bitmap, 0, 0, width, height);
    blob = await canvas.convertToBlob();
  }
  bitmap.close();
  if (blob.size > mostBytes) return readPicture(file, (width * height) / 2, mostBytes);
  return { blob, width, height };
}

/** The first picture among dropped or pasted things. */
export const pictureAmong = (transfer) =>
  [...(transfer?.files ?? [])].find((file) => file.type.startsWith('image/'));
