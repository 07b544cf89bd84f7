// Evaluator: measures every variant alike, compares it with the base pair by pair, and writes the report.
import { Buffer } from 'node:buffer';
import type { Image, Model, NodeContext, NodeRun } from '@facewright/core';
import { contrast, cropFace, keyedSeed, openDetector, openFaceScore, openFeatures, sharpness } from '@facewright/pipelines';
import { addNoise, blur } from '@facewright/tensor';
import type { ImageBuffer } from '@facewright/tensor';
import type { definition } from './definition.ts';
import { err } from './errors.ts';
import { runExperiment } from './experiment.ts';
import type { MeasuredPicture, MeasuredVariant, VariantRole } from './experiment.ts';
import { renderReport } from './report-html.ts';
import type { ReportPictures } from './report-html.ts';
import { judge } from './verdict.ts';

/** Standard deviation of the blurred control, in pixels: visibly soft, still the same picture. */
const blurSigma = 0.9;
/** Standard deviation of the noise control, in bytes. */
const noiseSigma = 12;
const detectorThreshold = 0.5;
const scorePrompt = 'A face.';
const fewestReal = 32;
const gridRows = 8;
const chunk = 32;

function byKey(name: string, images: readonly Image[]): Map<string, Image> {
  const map = new Map<string, Image>();
  for (const image of images) {
    if (map.has(image.key)) throw err.DUPLICATE(name, image.key);
    map.set(image.key, image);
  }
  return map;
}

interface Instruments {
  measure(pixels: ImageBuffer, key: string, image: Image | null): Promise<Omit<MeasuredPicture, 'features'>>;
  features(pictures: readonly ImageBuffer[]): Promise<readonly Float32Array[]>;
}
async function openInstruments(
  models: { scorer: Model<'face-score'>; detector: Model<'face-detector'>; features: Model<'features'> },
  ctx: NodeContext,
): Promise<Instruments> {
  const scorer = await openFaceScore(models.scorer, ctx);
  const detector = await openDetector(models.detector, ctx);
  const features = await openFeatures(models.features, ctx);
  return {
    async measure(pixels, key, image) {
      const faces = (await detector.detect(pixels)).filter(({ confidence }) => confidence >= detectorThreshold);
      const crops = faces.flatMap(({ box }) => cropFace(pixels, box) ?? []);
      const scores = crops.length ? await scorer.score(crops, scorePrompt) : [];
      const faceScore = scores.length ? scores.reduce((a, b) => a + b, 0) / scores.length : null;
      return {
        key,
        image,
        values: { faceScore, faceFound: crops.length ? 1 : 0, sharpness: sharpness(pixels), contrast: contrast(pixels) },
      };
    },
    features: (pictures) => features.features(pictures),
  };
}

export const run: NodeRun<typeof definition> = async (inputs, ctx) => {
  const { base, tuned, rival, real, tunedLabel, rivalLabel, title, resamples, seed } = inputs;
  if (real.length < fewestReal) throw err.TOO_FEW('real', fewestReal, real.length);
  const sets = [
    { role: 'base' as VariantRole, label: 'Base', images: byKey('base', base) },
    { role: 'tuned' as VariantRole, label: tunedLabel, images: byKey('tuned', tuned) },
    ...(rival ? [{ role: 'rival' as VariantRole, label: rivalLabel, images: byKey('rival', rival) }] : []),
  ];
  const keys = base.map(({ key }) => key).filter((key) => sets.every(({ images }) => images.has(key)));
  if (keys.length === 0) {
    const [name, set] = sets
      .map(({ role, images }) => [role, images] as const)
      .find(([, images]) => base.every(({ key }) => !images.has(key))) ?? ['tuned', sets[1]!.images];
    throw err.NO_PAIRS(base.length, name, set.size);
  }
  if (keys.length < 2) throw err.TOO_FEW('pairs', 2, keys.length);
  const dropped = Math.max(...sets.map(({ images }) => images.size)) - keys.length;
  if (dropped > 0) ctx.log('warn', `${dropped} pictures have no partner with the same prompt and seed and are left out`);

  const instruments = await openInstruments(inputs, ctx);
  // Measuring takes most of the time; the comparisons count as one more set.
  const total = (sets.length + 2) * keys.length + real.length + keys.length;
  let done = 0;
  const measureAll = async (
    list: readonly { readonly key: string; readonly image: Image | null; pixels(): Promise<ImageBuffer> }[],
  ): Promise<MeasuredPicture[]> => {
    const out: MeasuredPicture[] = [];
    for (let at = 0; at < list.length; at += chunk) {
      ctx.signal.throwIfAborted();
      const part = list.slice(at, at + chunk);
      const pixels = await Promise.all(part.map((item) => item.pixels()));
      const features = await instruments.features(pixels);
      for (const [i, item] of part.entries())
        out.push({ ...(await instruments.measure(pixels[i]!, item.key, item.image)), features: features[i]! });
      done += part.length;
      ctx.progress(done, total, pixels[0]);
    }
    return out;
  };
  const stored = (image: Image) => ({ key: image.key, image, pixels: () => ctx.images.read(image) });

  const variants: MeasuredVariant[] = [];
  for (const { role, label, images } of sets)
    variants.push({ role, label, pictures: await measureAll(keys.map((key) => stored(images.get(key)!))) });
  const control = async (label: string, change: (pixels: ImageBuffer, key: string) => ImageBuffer): Promise<MeasuredVariant> => ({
    role: 'control',
    label,
    pictures: await measureAll(
      keys.map((key) => ({ key, image: null, pixels: async () => change(await ctx.images.read(sets[0]!.images.get(key)!), key) })),
    ),
  });
  variants.push(await control('Base, blurred', (pixels) => blur(pixels, blurSigma)));
  // Pictures are read in any order, so each has noise of its own.
  variants.push(await control('Base, noised', (pixels, key) => addNoise(pixels, noiseSigma, ctx.rng(keyedSeed(seed, key)))));
  const realPictures = await measureAll(real.map(stored));

  const measured = done;
  const experiment = await runExperiment(variants, realPictures, {
    resamples,
    seed,
    onProgress: async (step, steps) => {
      ctx.signal.throwIfAborted();
      ctx.progress(measured + Math.round((keys.length * step) / steps), total);
      // Lets a cancel and the progress message through between comparisons.
      await new Promise((resolve) => setImmediate(resolve));
    },
  });
  const verdict = judge(experiment, {
    base: 'Base',
    tuned: tunedLabel,
    rival: rival ? rivalLabel : null,
    controls: variants.filter(({ role }) => role === 'control').map(({ label }) => label),
  });

  const changes = keys.map((key, i) => {
    const before = variants[0]!.pictures[i]!.values.faceScore;
    const after = variants[1]!.pictures[i]!.values.faceScore;
    return { i, key, change: before === null || after === null ? null : after - before };
  });
  const ranked = changes.filter((c) => c.change !== null).sort((a, b) => b.change! - a.change!);
  const shown = variants.filter(({ role }) => role !== 'control');
  const dataUrl = async (image: Image) =>
    `data:${image.asset.mediaType};base64,${Buffer.from(await ctx.assets.read(image.asset)).toString('base64')}`;
  const grid = async (chosen: typeof changes): Promise<ReportPictures> => ({
    labels: shown.map(({ label }) => label),
    rows: await Promise.all(
      chosen.map(async ({ i, key, change }) => ({
        key,
        change,
        caption: variants[0]!.pictures[i]!.image!.caption,
        images: await Promise.all(shown.map(({ pictures }) => dataUrl(pictures[i]!.image!))),
      })),
    ),
  });
  const html = renderReport(title, verdict, experiment, variants, {
    sample: await grid(changes.slice(0, gridRows)),
    best: await grid(ranked.slice(0, gridRows)),
    worst: await grid(ranked.slice(-gridRows).reverse()),
  });
  const json = {
    title,
    verdict,
    ...experiment,
    pictures: keys.map((key, i) => ({
      key,
      caption: variants[0]!.pictures[i]!.image!.caption,
      variants: Object.fromEntries(
        variants.map(({ label, pictures }) => [label, { asset: pictures[i]!.image?.asset.id ?? null, ...pictures[i]!.values }]),
      ),
    })),
  };
  const bytes = (text: string) => new TextEncoder().encode(text);
  await ctx.files.write('report.html', bytes(html));
  await ctx.files.write('report.json', bytes(JSON.stringify(json, null, 1)));
  return {
    report: {
      title,
      summary: [verdict.headline, ...verdict.sentences].join(' '),
      html: await ctx.assets.write(bytes(html), 'text/html'),
      json: await ctx.assets.write(bytes(JSON.stringify(json)), 'application/json'),
    },
  };
};
