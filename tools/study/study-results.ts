// What the pictures of all jobs say.
import type { PairSet } from '@facewright/core';
import { addNoise, blur, createRng, sharpen, type ImageBuffer } from '@facewright/tensor';
import { createJudge, setMeasures, type Judge, type MeasuredSet, type StudyMeasure } from './compare-sets.ts';
import { degradationTable } from './degradations.ts';
import { denoisingErrors } from './denoising-error.ts';
import type { StudySize } from './job-graph.ts';
import { pictureMeasures } from './measure-pictures.ts';
import type { StudyResults, VariantRow } from './results-page.ts';
import { oracleAlignment } from './oracle-alignment.ts';
import { runJob } from './run-job.ts';
import type { StudyData } from './study-data.ts';
import { studyInstruments } from './study-instruments.ts';
import { ablationJob, mainJob, type Job } from './study-jobs.ts';
import { ablation, base, main, plain, type Variant } from './variants.ts';

const measures: readonly StudyMeasure[] = [...pictureMeasures, ...setMeasures];
/** Held-out pairs that denoising errors are measured on. */
const DENOISED = 48;

export async function studyResults(
  data: StudyData,
  size: StudySize,
  seeds: readonly number[],
  log: (message: string) => void,
): Promise<Omit<StudyResults, 'command'>> {
  const { context } = data;
  const instruments = await studyInstruments(data, size);
  const real = await instruments.measureImages('real', instruments.real);
  const judge = createJudge(real, { resamples: 1000, seed: 1 });
  const measured = async (job: Job): Promise<MeasuredSet> => {
    const { images } = await runJob(data, job);
    return instruments.measureImages(`${job.set}-${job.variant.name}-${job.seed}`, images);
  };
  const rowsOf = async (jobsOf: (variant: Variant) => readonly Job[], variants: readonly Variant[]): Promise<VariantRow[]> => {
    const setsOf = (variant: Variant) => Promise.all(jobsOf(variant).map(measured));
    const [baseSets, plainSets] = [await setsOf(base), await setsOf(plain)];
    const rows: VariantRow[] = [];
    for (const variant of variants) {
      const sets = await setsOf(variant);
      rows.push(
        await kept(data, variant.name, [sets, baseSets, plainSets], () =>
          rowOf(judge, variant.label, sets, variant === base ? null : baseSets, variant === base || variant === plain ? null : plainSets),
        ),
      );
      log(`compared ${variant.name}`);
    }
    return rows;
  };
  const table = await rowsOf(
    (variant) => (variant === base ? [seeds[0]!] : seeds).map((seed) => mainJob(size, variant, seed)),
    [base, ...main],
  );
  const ablated = await rowsOf((variant) => [ablationJob(size, variant)], [base, ...ablation]);

  const baseSet = await measured(mainJob(size, base, seeds[0]!));
  const references: VariantRow[] = [];
  for (const [label, change] of Object.entries(controls)) {
    const images = (await runJob(data, mainJob(size, base, seeds[0]!))).images;
    const set = await instruments.measure(
      await Promise.all(images.map(async (image, i) => ({ pixels: change(await context.images.read(image), i), caption: image.caption }))),
    );
    references.push(rowOf(judge, label, [set], [baseSet], null));
  }
  references.push(rowOf(judge, 'Real pictures', [real], null, null));

  const pairs: PairSet = { ...instruments.heldOut, pairs: instruments.heldOut.pairs.slice(0, DENOISED) };
  const denoising: StudyResults['denoising'][number][] = [];
  for (const [label, job] of [
    ['Base', mainJob(size, base, seeds[0]!)],
    ...main
      .filter(({ node }) => node === 'guidance-loss-trainer')
      .map((variant) => [variant.label, mainJob(size, variant, seeds[0]!)] as const),
    ...ablation.filter(({ name }) => name === 'as-written').map((variant) => [variant.label, ablationJob(size, variant)] as const),
  ] as const)
    denoising.push({ label, rows: await denoisingErrors((await runJob(data, job)).model, pairs, context) });
  return {
    setting: `Training seeds ${seeds.join(', ')}; ${size.steps} steps of ${size.batch}; ${size.pairs} pairs; ${size.prompts} prompts, one picture each; ${size.real} real pictures.`,
    main: table,
    references,
    ablation: ablated,
    denoising,
    degradations: await degradationTable(instruments.heldOut, instruments.scores, context),
    alignment: await oracleAlignment(data, size, instruments),
  };
}

/** Fréchet distances resampled are the slow part. */
const kept = (data: StudyData, name: string, sets: unknown, make: () => VariantRow): Promise<VariantRow> =>
  data.kept(`row-${name}`, [name, sets], () => Promise.resolve(make()));

function rowOf(
  judge: Judge,
  label: string,
  sets: readonly MeasuredSet[],
  against: readonly MeasuredSet[] | null,
  plainSets: readonly MeasuredSet[] | null,
): VariantRow {
  const each = <T>(of: (measure: StudyMeasure) => T) =>
    Object.fromEntries(measures.map((measure) => [measure, of(measure)])) as Record<StudyMeasure, T>;
  const compared = (others: readonly MeasuredSet[] | null) => others && each((measure) => judge.difference(sets, others, measure));
  return {
    label,
    seeds: sets.length,
    values: each((measure) => sets.reduce((sum, set) => sum + judge.value(set, measure), 0) / sets.length),
    againstBase: compared(against),
    againstPlain: compared(plainSets),
  };
}

/** The base's own pictures made worse: a measure that they raise can be bought. */
const controls: Readonly<Record<string, (pixels: ImageBuffer, index: number) => ImageBuffer>> = {
  'Base, blurred (σ 0.9)': (pixels) => blur(pixels, 0.9),
  'Base, sharpened (× 1.5)': (pixels) => sharpen(pixels, 1, 1.5),
  'Base, noised (σ 12)': (pixels, index) => addNoise(pixels, 12, createRng(index)),
};
