// What the reference's whole runs (tools/reference/whole_runs.py) were given, and how their pictures are compared.
import { hashed } from '@facewright/models/testing/hashed-tensor';
import type { ImageBuffer, Rng, Tensor } from '@facewright/tensor';
import type { SamplingSettings } from '../drawing/ports.ts';
import { maskOfBoxes } from '../drawing/repaint-area.ts';

export const settings: SamplingSettings = {
  steps: 6,
  guidance: 4,
  guidanceRescale: 0,
  negativePrompt: 'blurry',
  scheduler: 'ddim',
  sigmas: 'default',
  clipSkip: 1,
};
/** Gives the noise that the reference began with. */
const rng = {
  normal: (count: number) => Float32Array.from(hashed('noise', count), (v) => Math.fround(v * Math.fround(1.7))),
} as unknown as Rng;
export const rows = [{ text: 'a face of a woman with red hair', rng }];
export const picture: Tensor<'float32'> = {
  dtype: 'float32',
  dims: [1, 3, 16, 16],
  data: Float32Array.from(hashed('picture', 768), (v) => (Math.round((v * 0.5 + 0.5) * 255) / 255) * 2 - 1),
};
export const mask: ImageBuffer = maskOfBoxes([[8, 4, 16, 12]], { width: 16, height: 16 }, 0);

/** Largest difference of a picture from the reference's in bytes; the reference is not rounded to bytes, so half of one is rounding. */
export function difference([image]: readonly ImageBuffer[], packed: { readonly float32: string } | undefined): number {
  const want = new Float32Array(Uint8Array.from(atob(packed!.float32), (character) => character.charCodeAt(0)).buffer);
  const plane = 256;
  return Math.max(...want.map((value, i) => Math.abs(image!.data[(i % plane) * 3 + Math.floor(i / plane)]! - value * 255)));
}
/** Rounding to bytes, and as much again for float32 sums in another order. */
export const TOLERANCE = 0.6;

/** A factor of a LoRA, the hash of its name. */
export const factor = (name: string, dims: readonly number[]): Tensor<'float32'> => ({
  dtype: 'float32',
  dims,
  data: Float32Array.from(hashed(name, dims[0]! * dims[1]!)),
});
