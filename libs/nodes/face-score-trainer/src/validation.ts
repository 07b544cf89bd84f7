// How well parameters do on pairs that they never saw, and whether a good face still scores above itself made worse.
import type { Model, NodeContext } from '@facewright/core';
import { blipGraph } from '@facewright/models';
import type { WeightSource } from '@facewright/models';
import { buildModel } from '@facewright/onnx';
import { componentKey, fusedWhere, keyedSeed, runRows } from '@facewright/pipelines';
import type { FaceScoreModel } from '@facewright/pipelines';
import type { ImageBuffer, Tensors } from '@facewright/tensor';
import { degradations, degrade, type Degradation, type FacePair } from './face-pairs.ts';

export interface ValidationResult {
  /** Mean ranking loss of the pairs. */
  readonly loss: number;
  /** Share of the pairs whose good face scores higher, in [0, 1]; a tie counts as wrong, as in ImageReward's code. */
  readonly accuracy: number;
  /** The same of each good face against itself made worse. */
  readonly degraded: Readonly<Record<Degradation, number>>;
}

export interface ValidationOptions {
  readonly model: Model<'face-score'>;
  readonly scorer: FaceScoreModel;
  readonly pairs: readonly FacePair[];
  readonly prompt: string;
  /** Says which values are fed: those of the parameters in training. */
  readonly weights: WeightSource;
  /** Which of the parameters these are, for the key of the session. */
  readonly variant: string;
  /** Most pictures in one run. */
  readonly batch: number;
  readonly seed: number;
}

/** The pictures are made once; each call scores them with the parameters that it is given. */
export function openValidation(
  { model, scorer: { config, tokenizer, pixels }, pairs, prompt, weights, variant, batch, seed }: ValidationOptions,
  ctx: NodeContext,
): (parameters: Tensors) => Promise<ValidationResult> {
  const goods = pairs.map(({ good }) => good);
  const groups: readonly (readonly ImageBuffer[])[] = [
    goods,
    pairs.map(({ bad }) => bad),
    ...degradations.map((way) => {
      const rng = ctx.rng(keyedSeed(seed, way));
      return goods.map((good) => degrade(good, rng, way));
    }),
  ];
  const tokens = tokenizer.encode([prompt]).ids.dims[1] ?? 0;
  const scoresOf = async (crops: readonly ImageBuffer[], parameters: Tensors): Promise<number[]> => {
    const open = async (n: number) => {
      const key = `validate:${componentKey(model, 'face_score')}:${variant}:${n}x${tokens}`;
      const session = await ctx.session(key, () => buildModel(blipGraph(config, { batch: n, tokens }, weights, fusedWhere(ctx))));
      return { ...session, run: (feeds: Tensors) => session.run({ ...parameters, ...feeds }) };
    };
    const text = tokenizer.encode(crops.map(() => prompt));
    const feeds = { pixel_values: pixels(crops), input_ids: text.ids, attention_mask: text.mask };
    return [...(await runRows(feeds, { batch, signal: ctx.signal, open }))['reward']!.data];
  };

  return async (parameters) => {
    const scores: number[][] = [];
    for (const crops of groups) scores.push(await scoresOf(crops, parameters));
    const [good, bad, ...worse] = scores as [number[], number[], ...number[][]];
    const share = (below: readonly number[]) => good.filter((score, i) => score > below[i]!).length / good.length;
    return {
      loss: good.reduce((sum, score, i) => sum + softplus(bad[i]! - score), 0) / good.length,
      accuracy: share(bad),
      degraded: Object.fromEntries(degradations.map((way, i) => [way, share(worse[i]!)])) as Record<Degradation, number>,
    };
  };
}

const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
