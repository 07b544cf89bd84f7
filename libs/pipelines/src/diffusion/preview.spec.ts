import { float32, type ImageBuffer } from '@facewright/tensor';
import { expect, it } from 'vitest';
import type { DiffusionModel } from './open-diffusion.ts';
import { createPreview } from './preview.ts';

const stride = 8;
/** A model whose latents are a known map of the mean colour of their pixels: four channels of three colours. */
function fakeModel(): { readonly model: DiffusionModel; readonly encoded: number[] } {
  const encoded: number[] = [];
  const encodeImages = async (images: readonly ImageBuffer[]) => {
    encoded.push(images.length);
    const { width, height, data } = images[0]!;
    const [w, h] = [width / stride, height / stride];
    const latents = new Float32Array(4 * w * h);
    for (let cell = 0; cell < w * h; cell++) {
      const pixel = (Math.floor(cell / w) * stride * width + (cell % w) * stride) * 3;
      const [r, g, b] = [0, 1, 2].map((c) => data[pixel + c]! / 127.5 - 1) as [number, number, number];
      [r + g, g - 0.5 * b, 2 * b + 0.3, r - g].forEach((value, c) => (latents[c * w * h + cell] = value));
    }
    return float32([1, 4, h, w], latents);
  };
  return { model: { stride, encodeImages } as unknown as DiffusionModel, encoded };
}

it('shows large latents in the colours that they stand for, without decoding them', async () => {
  const { model, encoded } = fakeModel();
  const preview = createPreview(model);
  const [w, h] = [32, 16];
  const latents = new Float32Array(4 * w * h);
  // the left half red, the right half blue
  const colours = [
    [1, -1, -1],
    [-1, -1, 1],
  ] as const;
  for (let cell = 0; cell < w * h; cell++) {
    const [r, g, b] = colours[cell % w < w / 2 ? 0 : 1]!;
    [r + g, g - 0.5 * b, 2 * b + 0.3, r - g].forEach((value, c) => (latents[c * w * h + cell] = value));
  }
  const [shown] = await preview(float32([1, 4, h, w], latents), 4);
  expect([shown!.width, shown!.height]).toEqual([256, 128]);
  const at = (x: number, y: number) => [...shown!.data.subarray((y * 256 + x) * 3, (y * 256 + x) * 3 + 3)];
  at(20, 64).forEach((byte, c) => expect(Math.abs(byte - [255, 0, 0][c]!)).toBeLessThan(6));
  at(230, 64).forEach((byte, c) => expect(Math.abs(byte - [0, 0, 255][c]!)).toBeLessThan(6));
  await preview(float32([1, 4, h, w], latents), 4);
  expect(encoded).toEqual([1]);
});
