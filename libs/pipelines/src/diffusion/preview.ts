// What latents look like, without the cost of decoding them.
import type { ImageBuffer, Tensor } from '@facewright/tensor';
import { resizeImage } from '../image/resize.ts';
import type { DiffusionModel } from './open-diffusion.ts';
import { firstRows } from '../run-rows.ts';

type Floats = Tensor<'float32'>;

/** Pictures up to this many pixels are decoded; larger ones are too slow to decode at every step. */
const decodedBelow = 128 * 128;
/** Pixels along a side of each field of one colour, and fields along a side of the picture that the map is fitted to. */
const field = 32;
const fields = 4;
/** Longest side of a preview, in pixels. */
const shown = 256;

/** Colours, channels first: for latents [channels] the value is `weights` times them plus `offset`, in [-1, 1]. */
interface ColourMap {
  readonly weights: readonly Float64Array[];
  readonly offset: readonly number[];
}

/** Shows the first rows of latents, at most `count`: decoded where that is quick, else each latent as the colour that it mostly stands for. */
export type Preview = (latents: Floats, count: number) => Promise<ImageBuffer[]>;

/** The map is fitted once, when it is first needed. */
export function createPreview(model: DiffusionModel): Preview {
  let map: Promise<ColourMap> | undefined;
  return async (latents, count) => {
    const rows = firstRows(latents, count);
    const [n = 0, channels = 0, h = 0, w = 0] = rows.dims;
    if (h * w * model.stride ** 2 <= decodedBelow) return model.decodeLatents(rows);
    const { weights, offset } = await (map ??= fitColours(model));
    const plane = h * w;
    const scale = shown / Math.max(h, w);
    return Array.from({ length: n }, (_, row) => {
      const data = new Uint8Array(plane * 3);
      for (let cell = 0; cell < plane; cell++)
        for (let colour = 0; colour < 3; colour++) {
          let value = offset[colour]!;
          for (let c = 0; c < channels; c++) value += weights[colour]![c]! * rows.data[(row * channels + c) * plane + cell]!;
          data[cell * 3 + colour] = Math.max(0, Math.min(255, Math.round((value + 1) * 127.5)));
        }
      return resizeImage({ width: w, height: h, channels: 3, data }, Math.round(w * scale), Math.round(h * scale), 'bilinear');
    });
  };
}

/** Encodes fields of known colours and finds, by least squares, the map that gives the colours back. */
async function fitColours(model: DiffusionModel): Promise<ColourMap> {
  // a multiple of every stride that autoencoders have
  const side = field * fields;
  const colours = Array.from({ length: fields * fields }, (_, i) =>
    [(i * 7) % 16, (i * 11 + 5) % 16, (i * 13 + 10) % 16].map((v) => v / 7.5 - 1),
  );
  const data = new Uint8Array(side * side * 3);
  for (let pixel = 0; pixel < side * side; pixel++) {
    const [x, y] = [pixel % side, Math.floor(pixel / side)];
    const colour = colours[Math.floor(y / field) * fields + Math.floor(x / field)]!;
    colour.forEach((value, c) => (data[pixel * 3 + c] = Math.round((value + 1) * 127.5)));
  }
  const latents = await model.encodeImages([{ width: side, height: side, channels: 3, data }]);
  const [, channels = 0, h = 0, w = 0] = latents.dims;
  // the middle of a field is least touched by its neighbours
  const middle = (i: number) => Math.floor((i + 0.5) * (h / fields));
  const rows = colours.map((_, i) => {
    const at = middle(Math.floor(i / fields)) * w + middle(i % fields);
    return Float64Array.from([...Array.from({ length: channels }, (__, c) => latents.data[c * h * w + at]!), 1]);
  });
  const solved = [0, 1, 2].map((colour) =>
    leastSquares(
      rows,
      colours.map((value) => value[colour]!),
    ),
  );
  return { weights: solved.map((values) => values.subarray(0, channels)), offset: solved.map((values) => values[channels]!) };
}

/** x that minimises |A x - b|² + a trace of |x|², so that it exists for any A; by the normal equations and Gaussian elimination. */
function leastSquares(rows: readonly Float64Array[], b: readonly number[]): Float64Array {
  const n = rows[0]!.length;
  const system = Array.from({ length: n }, (_, i) =>
    Float64Array.from({ length: n + 1 }, (__, j) =>
      rows.reduce((sum, row, k) => sum + row[i]! * (j < n ? row[j]! : b[k]!), i === j ? 1e-4 * rows.length : 0),
    ),
  );
  for (let pivot = 0; pivot < n; pivot++)
    for (let row = 0; row < n; row++) {
      if (row === pivot) continue;
      const factor = system[row]![pivot]! / system[pivot]![pivot]!;
      for (let j = pivot; j <= n; j++) system[row]![j]! -= factor * system[pivot]![j]!;
    }
  return Float64Array.from(system, (row, i) => row[n]! / row[i]!);
}
