// Set distance: Fréchet and kernel distance between two lists of pictures.
import type { Image, NodeContext, NodeRun } from '@facewright/core';
import { openFeatures, type FeatureNetwork } from '@facewright/pipelines';
import { bootstrapInterval, type Interval } from '@facewright/report';
import type { setDistanceDefinition } from './definition.ts';
import { err } from './errors.ts';
import { fitGaussian, frechetDistance, frechetDistanceTo, frechetResamples } from './sets/frechet-distance.ts';
import { kernelDistance, kernelDistanceTo, kernelInceptionDistance } from './sets/kernel-distance.ts';

/** Pictures in memory together. */
const together = 16;

/** Throws EVALUATOR_TOO_FEW, PIPELINES_NETWORK, and what reading a picture throws. */
export const run: NodeRun<typeof setDistanceDefinition> = async ({ images, real, features, subsets, subsetSize, resamples, seed }, ctx) => {
  for (const [name, { length }] of [['images', images] as const, ['real', real] as const])
    if (length < 2) throw err.TOO_FEW(name, 2, length);
  const network = await openFeatures(features, ctx);
  const total = images.length + real.length;
  const rows = await featuresOf(network, images, 0, total, ctx);
  const reference = await featuresOf(network, real, images.length, total, ctx);

  const gaussian = fitGaussian(reference);
  const frechet = frechetDistance(gaussian, fitGaussian(rows));
  const affordable = frechetResamples(resamples, 1, rows.length, reference.length, network.length);
  const frechetInterval =
    affordable > 0 ? reflected(bootstrapInterval(rows.length, affordable, ctx.rng(seed), frechetDistanceTo(gaussian)(rows))) : null;
  await ctx.gate();
  const kernel = kernelDistance(rows, reference);
  const kernelInterval = bootstrapInterval(rows.length, resamples, ctx.rng(seed), kernelDistanceTo(reference)(rows));
  await ctx.gate();
  const size = Math.min(subsetSize, rows.length, reference.length);
  const published = kernelInceptionDistance(rows, reference, { subsets, size, rng: ctx.rng(seed) });

  const few = Math.min(rows.length, reference.length) <= network.length;
  const warning = `${Math.min(rows.length, reference.length)} pictures for ${network.length} features: compare this Fréchet distance only with others of as many pictures; the kernel distance does not depend on their number`;
  if (few) ctx.log('warn', warning);
  const text = (value: number) => value.toPrecision(4);
  const interval = (of: Interval | null) => (of ? ` [${text(of.low)}, ${text(of.high)}]` : ', without an interval, which would take hours');
  return {
    frechet,
    kernel,
    summary: [
      `Fréchet distance ${text(frechet)}${interval(frechetInterval)}`,
      `kernel distance ${text(kernel)}${interval(kernelInterval)}`,
      `over ${subsets} subsets of ${size} pictures ${text(published.mean)} ± ${text(published.deviation)}`,
      `${rows.length} against ${reference.length} pictures, ${network.length} features of ${features.name}${few ? `; ${warning}` : ''}`,
    ].join('; '),
  };
};

/**
 * The basic bootstrap interval: the percentiles mirrored at the estimate. Resamples repeat pictures, so their Fréchet distances are all too large;
 * mirrored, the interval errs to the side on which the estimate itself, which is too large with few pictures, has to be corrected.
 */
const reflected = ({ estimate, low, high }: Interval): Interval => ({ estimate, low: 2 * estimate - high, high: 2 * estimate - low });

async function featuresOf(
  { features }: FeatureNetwork,
  images: readonly Image[],
  before: number,
  total: number,
  ctx: NodeContext,
): Promise<readonly Float32Array[]> {
  const rows: Float32Array[] = [];
  for (let at = 0; at < images.length; at += together) {
    await ctx.gate();
    const pixels = await Promise.all(images.slice(at, at + together).map((image) => ctx.images.read(image)));
    rows.push(...(await features(pixels)));
    ctx.progress(before + rows.length, total, pixels[0]);
  }
  return rows;
}
