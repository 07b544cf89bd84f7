// Random views of a picture for self-distillation: crops at two scales, mirrored, recoloured, some blurred.
import { blur, createRng, type ImageBuffer, type Rng } from '@facewright/tensor';
import { SIDE } from './face-set.ts';

/** Share of the picture's area that a crop has. */
export type Scale = readonly [least: number, most: number];

/** A square crop of random size and place, scaled to the size of the picture, bilinearly. */
function cropped({ data }: ImageBuffer, [least, most]: Scale, rng: Rng): ImageBuffer {
  const side = SIDE * Math.sqrt(least + (most - least) * rng());
  const [left, top] = [rng() * (SIDE - side), rng() * (SIDE - side)];
  const mirrored = rng() < 0.5;
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
      const column = columns[mirrored ? SIDE - 1 - x : x]!;
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

/** Brightness, contrast and the balance of the colours, each changed by up to a fifth. */
function recoloured(image: ImageBuffer, rng: Rng): ImageBuffer {
  const around = () => 0.8 + 0.4 * rng();
  const [brightness, contrast] = [around(), around()];
  const balance = [around(), around(), around()];
  const data = image.data.map((v, i) => Math.max(0, Math.min(255, ((v - 128) * contrast + 128) * brightness * balance[i % 3]!)));
  return { ...image, data };
}

export function randomView(picture: ImageBuffer, scale: Scale, rng: Rng): ImageBuffer {
  // of its own, so that a picture takes one number from the source, whatever happens to it
  const own = createRng(rng.integer(2 ** 32));
  const view = cropped(picture, scale, own);
  const coloured = own() < 0.8 ? recoloured(view, own) : view;
  return own() < 0.3 ? blur(coloured, 0.3 + 0.7 * own()) : coloured;
}
