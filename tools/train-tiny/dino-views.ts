// Random views of a picture for self-distillation: crops in other colours. What they share is how the face is built.
import { createRng, type ImageBuffer, type Rng } from '@facewright/tensor';
import { SIDE } from './face-set.ts';
import { SKETCH } from './networks/dino-network.ts';

/** About the spread of what a sketch shows. */
const UNIT = 20;

/** Share of the picture's area that a crop has. */
export type Scale = readonly [least: number, most: number];

/** A square crop of random size and place, scaled to the size of the picture, bilinearly. Not mirrored: a face that looks to the left is another than one that looks to the right. */
function cropped({ data }: ImageBuffer, [least, most]: Scale, rng: Rng): ImageBuffer {
  const side = SIDE * Math.sqrt(least + (most - least) * rng());
  const [left, top] = [rng() * (SIDE - side), rng() * (SIDE - side)];
  const out = new Uint8Array(data.length);
  const places = (from: number) =>
    Array.from({ length: SIDE }, (_, i) => {
      const at = Math.min(SIDE - 1, Math.max(0, from + ((i + 0.5) * side) / SIDE - 0.5));
      const low = Math.floor(at);
      return { low, high: Math.min(SIDE - 1, low + 1), share: at - low };
    });
  const [columns, rows] = [places(left), places(top)];
  for (let y = 0; y < SIDE; y++) {
    const row = rows[y]!;
    for (let x = 0; x < SIDE; x++) {
      const column = columns[x]!;
      for (let c = 0; c < 3; c++) {
        const value = (r: number, k: number) => data[(r * SIDE + k) * 3 + c]!;
        const upper = value(row.low, column.low) * (1 - column.share) + value(row.low, column.high) * column.share;
        const lower = value(row.high, column.low) * (1 - column.share) + value(row.high, column.high) * column.share;
        out[(y * SIDE + x) * 3 + c] = upper * (1 - row.share) + lower * row.share;
      }
    }
  }
  return { width: SIDE, height: SIDE, channels: 3, data: out };
}

const ORDERS = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
] as const;

/** Channels in another order or as grey, each with another brightness: the colours of a scene are enough to tell it from others, and would be all that is learned. */
function recoloured(image: ImageBuffer, rng: Rng): ImageBuffer {
  const around = () => 0.6 + 0.8 * rng();
  const grey = rng() < 0.3;
  const order = ORDERS[rng.integer(ORDERS.length)]!;
  const contrast = around();
  const gains = [around(), around(), around()];
  const { data } = image;
  return {
    ...image,
    data: data.map((_, i) => {
      const pixel = i - (i % 3);
      const value = grey ? (data[pixel]! + data[pixel + 1]! + data[pixel + 2]!) / 3 : data[pixel + order[i % 3]!]!;
      return Math.max(0, Math.min(255, ((value - 128) * contrast + 128) * gains[i % 3]!));
    }),
  };
}

export function randomView(picture: ImageBuffer, scale: Scale, rng: Rng): ImageBuffer {
  // of its own, so that a picture takes one number from the source, whatever happens to it
  const own = createRng(rng.integer(2 ** 32));
  return recoloured(cropped(picture, scale, own), own);
}

/** Lines and spots of a picture without its colours, [sketch²]: mean brightness of each block minus that of the blocks around it, in units of `UNIT` bytes. */
export function sketchOf({ data }: ImageBuffer): Float32Array {
  const block = SIDE / SKETCH;
  const means = new Float32Array(SKETCH * SKETCH);
  data.forEach((v, i) => {
    const pixel = Math.floor(i / 3);
    means[Math.floor(Math.floor(pixel / SIDE) / block) * SKETCH + Math.floor((pixel % SIDE) / block)]! += v / (3 * block * block);
  });
  return means.map((own, at) => {
    const [y, x] = [Math.floor(at / SKETCH), at % SKETCH];
    let [sum, count] = [0, 0];
    for (let r = Math.max(0, y - 2); r <= Math.min(SKETCH - 1, y + 2); r++)
      for (let c = Math.max(0, x - 2); c <= Math.min(SKETCH - 1, x + 2); c++) {
        sum += means[r * SKETCH + c]!;
        count += 1;
      }
    return (own - sum / count) / UNIT;
  });
}
