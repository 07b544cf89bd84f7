// Ways to make a picture worse on purpose: controls of an evaluation, negatives of a score.
import type { ImageBuffer } from './image.ts';
import type { Rng } from './rng.ts';

const byte = (value: number): number => Math.max(0, Math.min(255, Math.round(value)));

/** Gaussian blur with standard deviation `sigma` pixels, above 0; edges are repeated. */
export function blur(image: ImageBuffer, sigma: number): ImageBuffer {
  return { ...image, data: Uint8Array.from(smooth(image, sigma), byte) };
}

/** Unsharp mask: adds `amount` times what a blur of `sigma` pixels takes away. */
export function sharpen(image: ImageBuffer, sigma: number, amount: number): ImageBuffer {
  const soft = smooth(image, sigma);
  return { ...image, data: image.data.map((value, i) => byte(value + amount * (value - soft[i]!))) };
}

/** Adds Gaussian noise of standard deviation `sigma` bytes to every value. */
export function addNoise(image: ImageBuffer, sigma: number, rng: Rng): ImageBuffer {
  const noise = rng.normal(image.data.length);
  return { ...image, data: image.data.map((value, i) => byte(value + sigma * noise[i]!)) };
}

function smooth({ width, height, channels, data }: ImageBuffer, sigma: number): Float32Array {
  const radius = Math.ceil(3 * sigma);
  const kernel = Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-((i - radius) ** 2) / (2 * sigma * sigma)));
  const total = kernel.reduce((a, b) => a + b, 0);
  const pass = (from: ArrayLike<number>, alongX: boolean) => {
    const out = new Float32Array(data.length);
    for (let r = 0; r < height; r++)
      for (let c = 0; c < width; c++)
        for (let ch = 0; ch < channels; ch++) {
          let sum = 0;
          for (let k = -radius; k <= radius; k++) {
            const rr = alongX ? r : Math.min(height - 1, Math.max(0, r + k));
            const cc = alongX ? Math.min(width - 1, Math.max(0, c + k)) : c;
            sum += kernel[k + radius]! * from[(rr * width + cc) * channels + ch]!;
          }
          out[(r * width + c) * channels + ch] = sum / total;
        }
    return out;
  };
  return pass(pass(data, true), false);
}
