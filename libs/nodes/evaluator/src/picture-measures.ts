// Measures of a picture that no trainer optimises, and the controls that are made of pictures.
import type { ImageBuffer, Rng } from '@facewright/tensor';

/** Rec. 601 luma in 0..1, one value a pixel. */
export function luminance({ width, height, channels, data }: ImageBuffer): Float32Array {
  const out = new Float32Array(width * height);
  for (let p = 0; p < out.length; p++)
    out[p] = channels === 1 ? data[p]! / 255 : (0.299 * data[p * 3]! + 0.587 * data[p * 3 + 1]! + 0.114 * data[p * 3 + 2]!) / 255;
  return out;
}

/** Root mean square of the 4-neighbour Laplacian of luminance over inner pixels: high for edges and for noise, low for blur. */
export function sharpness(image: ImageBuffer): number {
  const y = luminance(image);
  const { width, height } = image;
  let sum = 0;
  for (let r = 1; r < height - 1; r++)
    for (let c = 1; c < width - 1; c++) {
      const p = r * width + c;
      sum += (4 * y[p]! - y[p - 1]! - y[p + 1]! - y[p - width]! - y[p + width]!) ** 2;
    }
  return Math.sqrt(sum / Math.max(1, (width - 2) * (height - 2)));
}

/** Standard deviation of luminance, 0..0.5. */
export function contrast(image: ImageBuffer): number {
  const y = luminance(image);
  const mean = y.reduce((a, b) => a + b, 0) / y.length;
  return Math.sqrt(y.reduce((a, b) => a + (b - mean) ** 2, 0) / y.length);
}

/** Gaussian blur with standard deviation `sigma` pixels, edges repeated: the control that shows what mere smoothing earns. */
export function blur(image: ImageBuffer, sigma: number): ImageBuffer {
  const radius = Math.ceil(3 * sigma);
  const kernel = Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-((i - radius) ** 2) / (2 * sigma * sigma)));
  const total = kernel.reduce((a, b) => a + b, 0);
  const { width, height, channels } = image;
  const pass = (from: ArrayLike<number>, alongX: boolean) => {
    const out = new Float32Array(from.length);
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
  return { ...image, data: Uint8Array.from(pass(pass(image.data, true), false), (v) => Math.max(0, Math.min(255, Math.round(v)))) };
}

/** Adds Gaussian noise of standard deviation `sigma` bytes: the control that shows whether a score can be bought with noise. */
export function addNoise(image: ImageBuffer, sigma: number, rng: Rng): ImageBuffer {
  const noise = rng.normal(image.data.length);
  return { ...image, data: image.data.map((byte, i) => Math.max(0, Math.min(255, Math.round(byte + sigma * noise[i]!)))) };
}
