// How often metrics rank drawn faces as an oracle does that knows their true defects: the paper's alignment table.
import type { Image, Judgements, Report, Scores } from '@facewright/core';
import { nodes as judgement } from '@facewright/node-judgement';
import type { Interval } from '@facewright/report';
import type { StudySize } from './job-graph.ts';
import type { MeasuredPicture, PictureMeasure } from './measure-pictures.ts';
import type { StudyData } from './study-data.ts';
import type { StudyInstruments } from './study-instruments.ts';

export interface AlignmentRow {
  readonly metric: string;
  /** Share of pairs, with an interval over sets. */
  readonly accuracy: Interval;
  readonly pairs: number;
}

const titles: readonly (readonly [PictureMeasure, string])[] = [
  ['agreement', 'Caption agreement (CLIP-Score)'],
  ['reward', 'Reward, before training on pairs (IR)'],
  ['preference', 'Preference, read out of features (HPS)'],
  ['faceScorePlain', 'Face score, no degraded negatives'],
  ['faceScore', 'Face score (FS)'],
];
/** Real pictures that a picture's distance to real ones is the mean over. */
const NEAREST = 5;

/** By the nodes Toy judgements and Metric alignment: three simulated annotators who see defects with some error and care for nothing else; pictures also differ in blur and grain. */
export async function oracleAlignment(data: StudyData, size: StudySize, instruments: StudyInstruments): Promise<AlignmentRow[]> {
  const { context } = data;
  const type = 'facewright/toy-judgements';
  const values = { sets: Math.ceil(size.real / 2), perSet: 3, nuisance: 0.5, annotators: 3, seed: 555 };
  const outputs = await data.run(
    { facewright: 1, name: 'oracle', description: '', nodes: { oracle: { type, version: 1, values } }, links: [], groups: [] },
    ['oracle'],
  );
  const { judgements, images, truth } = outputs.get('oracle') as {
    readonly judgements: Judgements;
    readonly images: readonly Image[];
    readonly truth: Scores;
  };
  const measured = await instruments.measureImages('oracle', images);
  const real = await instruments.measureImages('real', instruments.real);
  const rng = context.rng(1);
  const table = (metric: string, score: (picture: MeasuredPicture, index: number) => number | null): Scores => ({
    metric,
    higherIsBetter: true,
    rows: images.map((image, i) => ({ image, face: null, box: null, score: score(measured[i]!, i) })),
  });
  const tables = [
    table('Random', () => rng()),
    ...titles.map(([measure, title]) => table(title, (picture) => picture.values[measure])),
    table('Nearness to real pictures', ({ features }) => -nearest(features, real)),
    truth,
  ];
  const align = (await judgement.find(({ definition }) => definition.type === 'facewright/metric-alignment')!.load()).run;
  const { report } = (await align(
    {
      judgements,
      metrics: undefined,
      ...Object.fromEntries(tables.map((scores, i) => [`scores${i + 1}`, scores])),
      controls: true,
      faces: 'mean',
      title: 'Oracle',
      resamples: 1000,
      seed: 1,
    },
    context,
  )) as { readonly report: Report };
  const json = JSON.parse(new TextDecoder().decode(await context.assets.read(report.json))) as {
    readonly metrics: readonly { readonly metric: string; readonly accuracy: Interval; readonly pairs: number }[];
    readonly people: { readonly accuracy: Interval; readonly pairs: number } | null;
  };
  return [
    ...json.metrics.map(({ metric, accuracy, pairs }) => ({ metric, accuracy, pairs })),
    ...(json.people ? [{ metric: 'One annotator against the others', ...json.people }] : []),
  ];
}

function nearest(features: readonly number[], real: readonly MeasuredPicture[]): number {
  const distances = real.map((other) => Math.sqrt(other.features.reduce((sum, v, i) => sum + (v - features[i]!) ** 2, 0)));
  return (
    distances
      .sort((a, b) => a - b)
      .slice(0, NEAREST)
      .reduce((a, b) => a + b, 0) / NEAREST
  );
}
