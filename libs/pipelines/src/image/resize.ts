// Antialiased resizing of 8-bit pictures, bit for bit as Pillow's Image.resize does it.
import type { ImageBuffer } from '@facewright/tensor';

export type ResizeFilter = 'bilinear' | 'bicubic';

interface Kernel {
  /** Half width in source pixels at scale 1. */
  readonly support: number;
  weight(distance: number): number;
}
/** Keys' cubic with a = -0.5, and the triangle: Pillow's BICUBIC and BILINEAR. */
const kernels: Readonly<Record<ResizeFilter, Kernel>> = {
  bilinear: { support: 1, weight: (d) => Math.max(0, 1 - Math.abs(d)) },
  bicubic: {
    support: 2,
    weight: (d) => {
      const [a, x] = [-0.5, Math.abs(d)];
      if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
    },
  },
};

/** Pillow works with 22 fractional bits, so that 8 bits of value, 22 of weight and a sign and a guard bit fill an int32. */
const fractionBits = 22;

interface Taps<W> {
  readonly first: number;
  readonly weights: W;
}

/** For every target position, the source pixels it covers with their weights, which add up to 1. When shrinking, the kernel is widened by the factor. */
export function coverage(source: number, target: number, filter: ResizeFilter): Taps<readonly number[]>[] {
  const { support, weight } = kernels[filter];
  const scale = source / target;
  const widened = Math.max(1, scale);
  return Array.from({ length: target }, (_, at) => {
    const centre = (at + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support * widened + 0.5));
    const last = Math.min(source, Math.trunc(centre + support * widened + 0.5));
    const raw = Array.from({ length: last - first }, (_, i) => weight((i + first - centre + 0.5) * (1 / widened)));
    const sum = raw.reduce((a, b) => a + b, 0);
    return { first, weights: raw.map((w) => w / sum) };
  });
}

/** The same in fixed point. */
const tapsOf = (source: number, target: number, filter: ResizeFilter): Taps<Int32Array>[] =>
  coverage(source, target, filter).map(({ first, weights }) => ({
    first,
    weights: Int32Array.from(weights, (w) => Math.trunc(w * 2 ** fractionBits + (w < 0 ? -0.5 : 0.5))),
  }));

/** One axis of a separable resize: `lines` runs of pixels, whose neighbours lie `step` bytes apart. */
function resample(
  from: Uint8Array,
  to: Uint8Array,
  taps: readonly Taps<Int32Array>[],
  lines: number,
  lineStart: (line: number, of: 'from' | 'to') => number,
  step: { readonly from: number; readonly to: number },
): void {
  for (let line = 0; line < lines; line++) {
    const [source, target] = [lineStart(line, 'from'), lineStart(line, 'to')];
    taps.forEach(({ first, weights }, at) => {
      let sum = 1 << (fractionBits - 1);
      for (let i = 0; i < weights.length; i++) sum += from[source + (first + i) * step.from]! * weights[i]!;
      to[target + at * step.to] = Math.max(0, Math.min(255, sum >> fractionBits));
    });
  }
}

/** Resizes to `width` x `height` pixels. Horizontally first and rounded to bytes between the passes, as Pillow does. */
export function resizeImage(image: ImageBuffer, width: number, height: number, filter: ResizeFilter): ImageBuffer {
  const { channels } = image;
  let { data } = image;
  if (width !== image.width) {
    const wide = new Uint8Array(width * image.height * channels);
    const start = (line: number, of: 'from' | 'to') =>
      Math.floor(line / channels) * (of === 'from' ? image.width : width) * channels + (line % channels);
    resample(data, wide, tapsOf(image.width, width, filter), image.height * channels, start, { from: channels, to: channels });
    data = wide;
  }
  if (height !== image.height) {
    const tall = new Uint8Array(width * height * channels);
    const row = width * channels;
    resample(data, tall, tapsOf(image.height, height, filter), row, (line) => line, { from: row, to: row });
    data = tall;
  }
  return { width, height, channels, data };
}

/** Python's round(): halves go to the even neighbour. torchvision places its centre crop with it. */
const roundHalfEven = (x: number): number => (x % 1 === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));

/**
 * Where torchvision's Resize(size) and CenterCrop(size) look: the size of the whole picture once its shorter side is `size`, and the corner of the middle square.
 * The longer side is truncated, not rounded.
 */
export function centreSquare({ width, height }: Pick<ImageBuffer, 'width' | 'height'>, size: number) {
  const shorter = Math.min(width, height);
  const [w, h] = [Math.trunc((size * width) / shorter), Math.trunc((size * height) / shorter)];
  return { width: w, height: h, left: roundHalfEven((w - size) / 2), top: roundHalfEven((h - size) / 2) };
}

/** The same corner and size in pixels of the picture itself: x1, y1, x2, y2, not rounded. */
export function centreBox(picture: Pick<ImageBuffer, 'width' | 'height'>, size: number): [number, number, number, number] {
  const { width, height, left, top } = centreSquare(picture, size);
  const [across, down] = [picture.width / width, picture.height / height];
  return [left * across, top * down, (left + size) * across, (top + size) * down];
}

/** The square that ImageReward and CLIP look at: shorter side to `size` by antialiased bicubic on bytes, then the middle. */
export function resizeAndCropCentre(image: ImageBuffer, size: number): ImageBuffer {
  const { width, height, left, top } = centreSquare(image, size);
  return cropImage(resizeImage(image, width, height, 'bicubic'), left, top, left + size, top + size);
}

/** Pixels [left, right) x [top, bottom), whole numbers, which must lie inside. */
export function cropImage(image: ImageBuffer, left: number, top: number, right: number, bottom: number): ImageBuffer {
  const [width, height] = [right - left, bottom - top];
  const { channels } = image;
  const data = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    const start = ((top + y) * image.width + left) * channels;
    data.set(image.data.subarray(start, start + width * channels), y * width * channels);
  }
  return { width, height, channels, data };
}
