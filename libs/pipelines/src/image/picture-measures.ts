// Measures of a picture that no trainer optimises.
import type { ImageBuffer } from '@facewright/tensor';

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
