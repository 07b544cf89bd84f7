// Small pictures side by side on one sheet, for previews.
import type { ImageBuffer } from '@facewright/tensor';
import { resizeImage } from './resize.ts';

/** Pictures row by row in cells of `cell` pixels, on white; each fits its cell and keeps its proportions, and small ones are enlarged. An empty list gives one empty cell. */
export function contactSheet(
  images: readonly ImageBuffer[],
  { columns, cell = 96, gap = 2 }: { readonly columns?: number; readonly cell?: number; readonly gap?: number } = {},
): ImageBuffer {
  const across = columns ?? Math.max(1, Math.ceil(Math.sqrt(images.length)));
  const down = Math.max(1, Math.ceil(images.length / across));
  const [width, height] = [across * (cell + gap) - gap, down * (cell + gap) - gap];
  const data = new Uint8Array(width * height * 3).fill(255);
  images.forEach((image, n) => {
    const scale = cell / Math.max(image.width, image.height);
    const [w, h] = [Math.max(1, Math.round(image.width * scale)), Math.max(1, Math.round(image.height * scale))];
    const small = resizeImage(image, w, h, 'bilinear');
    const left = (n % across) * (cell + gap) + ((cell - w) >> 1);
    const top = Math.floor(n / across) * (cell + gap) + ((cell - h) >> 1);
    for (let y = 0; y < h; y++)
      for (let x = 0; x < w; x++)
        for (let c = 0; c < 3; c++)
          data[((top + y) * width + left + x) * 3 + c] = small.data[(y * w + x) * small.channels + (small.channels === 3 ? c : 0)]!;
  });
  return { width, height, channels: 3, data };
}
