// Pictures made worse in measured amounts: blur, noise, sharpening and contrast.
import { SIDE } from './face-set.ts';
import type { Rng } from '@facewright/tensor';

const kernelOf = (sigma: number): number[] => {
  const reach = Math.max(1, Math.ceil(2.5 * sigma));
  const weights = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-((i - reach) ** 2) / (2 * sigma * sigma)));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / sum);
};

/** Gaussian blur of a 64x64 RGB picture, sigma in pixels; edges repeat. */
export function blurred(picture: Uint8Array, sigma: number): Uint8Array {
  const kernel = kernelOf(sigma);
  const reach = (kernel.length - 1) / 2;
  const pass = (from: ArrayLike<number>, step: number, across: number): Float32Array => {
    const out = new Float32Array(picture.length);
    for (let line = 0; line < SIDE; line++)
      for (let i = 0; i < SIDE; i++)
        for (let c = 0; c < 3; c++) {
          let sum = 0;
          for (let k = -reach; k <= reach; k++)
            sum += kernel[k + reach]! * from[line * across + Math.max(0, Math.min(SIDE - 1, i + k)) * step + c]!;
          out[line * across + i * step + c] = sum;
        }
    return out;
  };
  const bytes = pass(pass(picture, 3, SIDE * 3), SIDE * 3, 3);
  return Uint8Array.from(bytes, (v) => Math.round(v));
}

const clampByte = (v: number): number => Math.max(0, Math.min(255, Math.round(v)));

/** Adds independent normal noise, deviation in bytes. */
export function noisy(picture: Uint8Array, deviation: number, rng: Rng): Uint8Array {
  const noise = rng.normal(picture.length);
  return Uint8Array.from(picture, (v, i) => clampByte(v + deviation * noise[i]!));
}

/** Unsharp masking: the difference to a blurred version counts `amount` times more. */
export function sharpened(picture: Uint8Array, amount: number): Uint8Array {
  const soft = blurred(picture, 1);
  return Uint8Array.from(picture, (v, i) => clampByte(v + amount * (v - soft[i]!)));
}
