// The pairs as the trainer reads them: latents of the good and the bad picture and the text they are conditioned on.
import type { NodeContext, PairSet } from '@facewright/core';
import { gatherRows } from '@facewright/pipelines';
import type { DiffusionModel } from '@facewright/pipelines';
import type { Tensor } from '@facewright/tensor';
import { err } from './errors.ts';

type Floats = Tensor<'float32'>;
export interface PairLatents {
  readonly count: number;
  /** [n, c, h, w], scaled. */
  readonly good: Floats;
  readonly bad: Floats;
  /** [n, tokens, width] */
  readonly text: Floats;
}

/** Encodes every pair once, since the autoencoder is frozen. Throws GUIDANCE_NO_PAIRS and GUIDANCE_SIZE. */
export async function encodePairs({ pairs }: PairSet, model: DiffusionModel, ctx: NodeContext): Promise<PairLatents> {
  const [first] = pairs;
  if (!first) throw err.NO_PAIRS();
  const want = `${first.good.width} x ${first.good.height}`;
  for (const { key, good, bad } of pairs)
    for (const { width, height } of [good, bad]) if (`${width} x ${height}` !== want) throw err.SIZE(key, want, `${width} x ${height}`);
  const read = async (side: 'good' | 'bad') => model.encodeImages(await Promise.all(pairs.map((pair) => ctx.images.read(pair[side]))));
  return {
    count: pairs.length,
    good: await read('good'),
    bad: await read('bad'),
    text: (await model.encodePrompts(pairs.map(({ caption }) => caption))).text,
  };
}

/** The rows of one batch. */
export const batchOf = ({ good, bad, text }: PairLatents, rows: readonly number[]) => ({
  good: gatherRows(good, rows),
  bad: gatherRows(bad, rows),
  encoder_hidden_states: gatherRows(text, rows),
});
