// Where a picture is repainted: its mask, the part of it that the model sees, and the cells of the latent grid.
// A mask is a picture of one channel: 255 is repainted, 0 stays, what lies between is mixed.
import type { Box } from '@facewright/core';
import { blur, type ImageBuffer } from '@facewright/tensor';
import { boxInside, growBox } from '../image/boxes.ts';
import { fillArea, type FaceArea } from '../image/face-area.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** From here on a pixel counts as repainted, as diffusers' 0.5. */
const REPAINTED = 128;

/** White in the boxes, with edges that fade over about `feather` pixels to both sides. */
export const maskOfBoxes = (boxes: readonly Box[], size: Size, feather: number): ImageBuffer =>
  maskOfAreas(
    boxes.flatMap((box) => {
      const bounds = boxInside(box, size);
      return bounds ? [{ bounds, contains: () => true }] : [];
    }),
    size,
    feather,
  );

/** White in the areas, with edges that fade over about `feather` pixels to both sides. */
export function maskOfAreas(areas: readonly FaceArea[], { width, height }: Size, feather: number): ImageBuffer {
  const mask: ImageBuffer = { width, height, channels: 1, data: new Uint8Array(width * height) };
  for (const area of areas) fillArea(mask, area);
  return feather > 0 ? blur(mask, feather / 2) : mask;
}

/** A grey or coloured picture as a mask: the mean of its channels. */
export function asMask({ width, height, channels, data }: ImageBuffer): ImageBuffer {
  if (channels === 1) return { width, height, channels, data };
  const grey = new Uint8Array(width * height);
  for (let i = 0; i < grey.length; i++) grey[i] = Math.round((data[3 * i]! + data[3 * i + 1]! + data[3 * i + 2]!) / 3);
  return { width, height, channels: 1, data: grey };
}

/** The box around everything that a mask changes; null when it changes nothing. */
export function boundsOf({ width, height, data }: ImageBuffer): Box | null {
  let [x1, y1, x2, y2] = [width, height, 0, 0];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      if (data[y * width + x]! > 0) {
        x1 = Math.min(x1, x);
        x2 = Math.max(x2, x + 1);
        y1 = Math.min(y1, y);
        y2 = y + 1;
      }
  return x2 > x1 ? [x1, y1, x2, y2] : null;
}

/** The part of a picture around `box` that the model sees: the box grown by a share of its size, then to a square as far as the picture goes. */
export function regionAround(box: Box, padding: number, size: Size): Box {
  const [x1, y1, x2, y2] = growBox(box, padding);
  const side = Math.max(x2 - x1, y2 - y1);
  const span = (low: number, high: number, most: number): readonly [number, number] => {
    const length = Math.min(side, most);
    const start = Math.max(0, Math.min(most - length, (low + high - length) / 2));
    return [start, start + length];
  };
  const [left, right] = span(x1, x2, size.width);
  const [top, bottom] = span(y1, y2, size.height);
  return boxInside([left, top, right, bottom], size)!;
}

/** The size at which a picture of `size` is worked on: its longest side `longest`, both sides multiples of what the model takes. `enlarge`: smaller ones too are brought to it. */
export function workSize({ width, height }: Size, longest: number, multiple: number, enlarge = false): Size {
  const fit = longest / Math.max(width, height);
  const scale = enlarge ? fit : Math.min(1, fit);
  const side = (pixels: number) => Math.max(multiple, Math.round((pixels * scale) / multiple) * multiple);
  return { width: side(width), height: side(height) };
}

/** 1 for every latent cell with a pixel that is repainted, 0 elsewhere; [height / stride, width / stride]. */
export function latentMask({ width, height, data }: ImageBuffer, stride: number): Float32Array {
  const columns = width / stride;
  const cells = new Float32Array(columns * (height / stride));
  for (let i = 0; i < data.length; i++)
    if (data[i]! >= REPAINTED) cells[Math.floor(Math.floor(i / width) / stride) * columns + Math.floor((i % width) / stride)] = 1;
  return cells;
}

/** Pictures [n, 3, h, w] in [-1, 1] with 0 where their masks repaint: what an inpainting U-Net is told of the rest. */
export function withoutArea(
  pixels: { readonly dims: readonly number[]; readonly data: Float32Array },
  masks: readonly ImageBuffer[],
): Float32Array {
  const [, , height = 0, width = 0] = pixels.dims;
  const plane = height * width;
  return pixels.data.map((value, i) => (masks[Math.floor(i / (3 * plane))]!.data[i % plane]! >= REPAINTED ? 0 : value));
}

/** The original with `painted` laid over the region [x1, y1, x2, y2], as far as the mask of the whole picture says; every other pixel stays bit for bit. */
export function paste(original: ImageBuffer, painted: ImageBuffer, mask: ImageBuffer, [x1, y1]: Box): ImageBuffer {
  const data = Uint8Array.from(original.data);
  for (let y = 0; y < painted.height; y++)
    for (let x = 0; x < painted.width; x++) {
      const pixel = (y1 + y) * original.width + x1 + x;
      const share = mask.data[pixel]! / 255;
      if (share === 0) continue;
      for (let c = 0; c < 3; c++) {
        const under = original.data[3 * pixel + c]!;
        data[3 * pixel + c] = Math.round(under + share * (painted.data[3 * (y * painted.width + x) + c]! - under));
      }
    }
  return { ...original, data };
}
