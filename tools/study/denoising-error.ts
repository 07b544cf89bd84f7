// Why the guidance loss does what it does: how far the clean picture that a model sees by one step is from the good one, behind good and behind bad faces, time by time.
import type { Model, NodeContext, PairSet } from '@facewright/core';
import { openDiffusion } from '@facewright/pipelines';
import { createRng } from '@facewright/tensor';

export const times = [100, 200, 300, 400, 500, 600, 700, 800, 900] as const;

export interface DenoisingError {
  /** Mean squared error of the clean latents inside the faces: behind the noised good picture against the good one. */
  readonly good: number;
  /** Behind the noised bad picture against the good one, with the same noise. */
  readonly bad: number;
}

/** One row for each of `times`. The same noise for every model. */
export async function denoisingErrors(model: Model<'diffusion'>, { pairs }: PairSet, context: NodeContext): Promise<DenoisingError[]> {
  const diffusion = await openDiffusion(model, context, { batch: pairs.length });
  const encode = async (side: 'good' | 'bad') =>
    diffusion.encodeImages(await Promise.all(pairs.map((pair) => context.images.read(pair[side]))));
  const [good, bad] = [await encode('good'), await encode('bad')];
  const conditioning = await diffusion.encodePrompts(pairs.map(({ caption }) => caption));
  const [, channels = 0, height = 0, width = 0] = good.dims;
  const plane = height * width;
  const inside = pairs.map(({ boxes }) => {
    const mask = new Uint8Array(plane);
    for (const [x1, y1, x2, y2] of boxes)
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) {
          const [px, py] = [(x + 0.5) * diffusion.stride, (y + 0.5) * diffusion.stride];
          if (px > x1 && px < x2 && py > y1 && py < y2) mask[y * width + x] = 1;
        }
    return mask;
  });
  const noise = createRng(4242).normal(good.data.length);
  const rows: DenoisingError[] = [];
  for (const t of times) {
    const abar = diffusion.schedule.alphasCumprod[t]!;
    const [signal, spread] = [Math.sqrt(abar), Math.sqrt(1 - abar)];
    const error = async (from: Float32Array) => {
      const noisy = from.map((v, i) => signal * v + spread * noise[i]!);
      const { data } = await diffusion.predict({ latents: { ...good, data: noisy }, timestep: t, conditioning });
      let [sum, count] = [0, 0];
      inside.forEach((mask, n) =>
        mask.forEach((on, p) => {
          if (!on) return;
          for (let c = 0; c < channels; c++) {
            const i = (n * channels + c) * plane + p;
            sum += ((noisy[i]! - spread * data[i]!) / signal - good.data[i]!) ** 2;
            count += 1;
          }
        }),
      );
      return sum / count;
    };
    rows.push({ good: await error(good.data), bad: await error(bad.data) });
  }
  return rows;
}
