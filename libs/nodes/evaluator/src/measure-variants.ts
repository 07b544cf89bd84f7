// Every picture of every variant measured by every metric, a few pictures in memory at a time.
import type { Image, NodeContext, Variant } from '@facewright/core';
import { imagesByKey, keyedSeed, type OpenMetric, type PictureToMeasure, type PictureValue } from '@facewright/pipelines';
import { addNoise, blur, type ImageBuffer } from '@facewright/tensor';
import { err } from './errors.ts';
import type { MeasuredVariant, VariantRole } from './experiment.ts';
import { openProgress } from './measure-progress.ts';

/** Standard deviation of the blurred control, in pixels: visibly soft, still the same picture. */
const blurSigma = 0.9;
/** Standard deviation of the noise control, in bytes. */
const noiseSigma = 12;
/** Pixels in memory together: 16 pictures of 1024 x 1024. */
const chunkPixels = 16 * 1024 * 1024;
const mostTogether = 32;

/**
 * The keys that all variants have, in the order of the base, which comes first. What has no partner is left out and said in the log.
 * Throws EVALUATOR_NO_PAIRS, EVALUATOR_TOO_FEW, EVALUATOR_DUPLICATE, EVALUATOR_LABELS.
 */
export function pairVariants(
  variants: readonly Variant[],
  ctx: NodeContext,
): { readonly keys: readonly string[]; readonly sets: ReadonlyMap<string, Image>[] } {
  const labels = variants.map(({ label }) => label);
  const twice = labels.filter((label, i) => labels.indexOf(label) !== i);
  if (twice.length > 0) throw err.LABELS(twice);
  const sets = variants.map(({ label, images }) => imagesByKey(images, (keys) => err.DUPLICATE(label, keys)));
  const [base, ...others] = variants as readonly [Variant, ...Variant[]];
  const keys = base.images.map(({ key }) => key).filter((key) => sets.every((images) => images.has(key)));
  if (keys.length === 0) {
    const stranger = others.find((_, i) => base.images.every(({ key }) => !sets[i + 1]!.has(key))) ?? others[0] ?? base;
    throw err.NO_PAIRS(base.images.length, base.label, stranger.label, stranger.images.length);
  }
  if (keys.length < 2) throw err.TOO_FEW('pairs', 2, keys.length);
  const dropped = Math.max(...sets.map(({ size }) => size)) - keys.length;
  if (dropped > 0) ctx.log('warn', `${dropped} pictures have no partner with the same prompt and seed and are left out`);
  return { keys, sets };
}

export interface MeasureOptions {
  readonly metrics: readonly OpenMetric[];
  /** The base first. */
  readonly variants: readonly Variant[];
  readonly real: readonly Image[] | undefined;
  /** Of the noise control. */
  readonly seed: number;
  /** After each group, with one of its pictures. */
  onProgress(done: number, total: number, preview: ImageBuffer): void;
}

/** The variants, then blurred and noised pictures of the base as controls; real pictures by themselves. Throws as `pairVariants`. */
export async function measureVariants(
  { metrics, variants, real, seed, onProgress }: MeasureOptions,
  ctx: NodeContext,
): Promise<{ readonly variants: readonly MeasuredVariant[]; readonly real: MeasuredVariant | null }> {
  const { keys, sets } = pairVariants(variants, ctx);
  if (real) imagesByKey(real, (keys) => err.DUPLICATE('real', keys));
  const total = (variants.length + 2) * keys.length + (real?.length ?? 0);
  const progress = await openProgress(ctx);
  let done = 0;

  const measure = async (
    about: { readonly role: VariantRole; readonly label: string; readonly facts?: Variant['facts'] },
    images: readonly Image[],
    change?: (pixels: ImageBuffer, image: Image) => ImageBuffer,
  ): Promise<MeasuredVariant> => {
    const set = progress.next();
    const { values, features } = set;
    done += set.count;
    while (set.count < images.length) {
      const at = set.count;
      await progress.gate();
      const { width, height } = images[at]!;
      const group = images.slice(at, at + Math.max(1, Math.min(mostTogether, Math.floor(chunkPixels / (width * height)))));
      const pictures: PictureToMeasure[] = await Promise.all(
        group.map(async (image) => {
          const pixels = await ctx.images.read(image);
          return { image, pixels: change ? change(pixels, image) : pixels };
        }),
      );
      // Taken over together, so that what is saved is whole.
      const found = await measureGroup(metrics, pictures).catch(async (error: unknown) => {
        if (ctx.signal.aborted) await progress.gate();
        throw error;
      });
      for (const [name, list] of found.values) (values[name] ??= []).push(...list);
      for (const [network, rows] of found.features) (features[network] ??= []).push(...rows);
      set.count += group.length;
      done += group.length;
      onProgress(done, total, pictures[0]!.pixels);
    }
    return { facts: {}, ...about, keys: images.map(({ key }) => key), images: change ? images.map(() => null) : images, values, features };
  };

  const measured: MeasuredVariant[] = [];
  for (const [i, { label, facts }] of variants.entries())
    measured.push(
      await measure(
        { role: i === 0 ? 'base' : 'variant', label, facts },
        keys.map((key) => sets[i]!.get(key)!),
      ),
    );
  const base = keys.map((key) => sets[0]!.get(key)!);
  const of = variants[0]!.label;
  measured.push(await measure({ role: 'control', label: `${of}, blurred` }, base, (pixels) => blur(pixels, blurSigma)));
  // Pictures are read in any order, so each has noise of its own.
  const noised = (pixels: ImageBuffer, { key }: Image) => addNoise(pixels, noiseSigma, ctx.rng(keyedSeed(seed, key)));
  measured.push(await measure({ role: 'control', label: `${of}, noised` }, base, noised));
  return { variants: measured, real: real ? await measure({ role: 'real', label: 'Real pictures' }, real) : null };
}

/** By metric's name, and by network, whose features several metrics share. */
async function measureGroup(metrics: readonly OpenMetric[], pictures: readonly PictureToMeasure[]) {
  const values = new Map<string, readonly PictureValue[]>();
  const features = new Map<string, readonly Float32Array[]>();
  for (const metric of metrics) {
    if (metric.of === 'picture') values.set(metric.name, await metric.measure(pictures));
    else if (!features.has(metric.network)) features.set(metric.network, await metric.features(pictures.map(({ pixels }) => pixels)));
  }
  return { values, features };
}
