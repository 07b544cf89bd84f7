// npm run parity:scores: what Facewright's scorers and their authors' code compute at full size from the same weights, one network after the other; writes docs/score-parity.md. Exits with 1 when they differ by more than is tolerated.
import { existsSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Model, NodeContext, NodePackage } from '@facewright/core';
import { BlipReward, imageRewardConfig, parseBlipRewardConfig } from '@facewright/models';
import { nodes as saveModel } from '@facewright/node-save-model';
import { nodes as scores } from '@facewright/node-scores';
import { clipPixels, hpsPixels } from '@facewright/pipelines';
import { circumstances, writeFormatted } from '../bench/report.ts';
import { openStudio } from '../bench-sd/pipeline.ts';
import { writeRandomWeights } from '../bench-sd/random-checkpoint.ts';
import { commandLine } from '../bench-sd/settings.ts';
import { startSide } from '../bench-sd/side.ts';
import {
  aestheticCases,
  blipCases,
  boxes,
  clipCases,
  cropCases,
  pictureOf,
  prompts,
  readReference,
  type Cases,
  type ScoreRow,
} from './cases.ts';
import { pageOf, passes } from './page.ts';

const root = join(import.meta.dirname, '../..');
const { values: options } = parseArgs({
  options: {
    /** A folder with photographs, and one with BERT's vocabulary and the head of the aesthetic predictor. */
    data: { type: 'string', default: join(root, '../shared/data') },
    out: { type: 'string', default: root },
  },
});
const python = process.env['FACEWRIGHT_PYTHON'];
const photos = join(options.data, 'photos');
if (python === undefined || !existsSync(photos)) {
  console.error(
    `parity:scores compares with the authors' code: set FACEWRIGHT_PYTHON to a Python with what tools/parity-scores/authors.py names, and --data to a folder with photos/ and weights/ (looked in ${photos})`,
  );
  process.exit(1);
}
const conditions = circumstances();
const folder = await mkdtemp(join(tmpdir(), 'facewright-scores-'));
const clean = () => rmSync(folder, { recursive: true, force: true });
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => {
    clean();
    process.exit(1);
  });
const studio = await openStudio(join(folder, 'data'), 'cpu');
const request = {
  folder,
  photos: resolve(photos),
  vocabulary: resolve(options.data, 'weights/bert_base_uncased_vocab.txt'),
  aesthetic: resolve(options.data, 'weights/aesthetic_l14_linearMSE.pth'),
  threads: availableParallelism(),
  prompts,
  boxes,
};

/** One process for each network, so that its memory is free again before ours is opened. */
async function authors<T>(what: string, details: Readonly<Record<string, unknown>> = {}): Promise<T> {
  console.log(`authors' code: ${what}`);
  const side = await startSide(python!, [join(import.meta.dirname, 'authors.py'), JSON.stringify(request)]);
  try {
    return await side.ask<T>(what, details);
  } finally {
    await side.close();
  }
}
const nodeOf = (nodes: readonly NodePackage[], type: string) =>
  nodes.find(({ definition }) => definition.type === `facewright/${type}`)!.load();
async function run<T>(
  nodes: readonly NodePackage[],
  type: string,
  inputs: Readonly<Record<string, unknown>>,
  ctx: NodeContext = studio.ctx,
): Promise<T> {
  return ((await (await nodeOf(nodes, type)).run(inputs, ctx)) as { readonly model: T }).model;
}
const remove = (name: string) => rmSync(join(folder, name), { recursive: true, force: true });

/** A face score of random weights as Save face score writes it: med_config.json and FS_model.pt. Where it lies. */
async function savedFaceScore(): Promise<string> {
  const file = join(folder, 'random.safetensors');
  const parameters = new BlipReward(parseBlipRewardConfig({ ...imageRewardConfig })).parameters();
  await writeRandomWeights(file, new Map([...parameters].map(([name, { shape }]) => [name, shape])), 1);
  const model: Model<'face-score'> = {
    family: 'face-score',
    architecture: 'blip-reward',
    name: 'random',
    components: { face_score: { config: { ...imageRewardConfig }, weights: await studio.ctx.files.ref(file), files: {} } },
    loras: [],
  };
  await run(saveModel, 'save-face-score', { model, name: 'face-score', format: 'pt', precision: 'as it is' });
  remove('random.safetensors');
  return join(folder, 'data/out/face-score');
}

/** Written after each network: a run that is cut short leaves what it got. */
async function writePage(rows: readonly ScoreRow[], versions: Readonly<Record<string, string>>): Promise<string> {
  const file = join(resolve(options.out), 'docs/score-parity.md');
  const command = commandLine('parity:scores');
  await writeFormatted(file, pageOf(rows, { ...conditions, versions: { ...conditions.versions, ...versions }, command }));
  return file;
}

try {
  const versions = await authors<Record<string, string>>('versions');
  const { names } = await authors<{ readonly names: readonly string[] }>('photos');
  const pixels = await readReference(join(folder, 'photos.safetensors'));
  const cases: Cases = {
    studio,
    photos: names.map((_, i) => pictureOf(pixels.get(`photo.${i}`)!)),
    log: (row) =>
      console.log(
        `  ${row.name}: ${row.relative.toExponential(1)} of the deviation (tolerance ${row.tolerance})${passes(row) ? '' : ' FAILED'}`,
      ),
  };
  const rows: ScoreRow[] = cropCases(pixels, cases.photos[names.indexOf('Lecun.jpg')]!, cases);

  await authors('hps');
  const hps = await run<Model<'clip'>>(scores, 'load-clip', { path: join(folder, 'HPS_v2.pt'), activation: 'auto' });
  rows.push(
    ...(await clipCases(
      'HPS v2, ViT-H/14',
      { model: hps, kind: 'hps', toPixels: hpsPixels },
      await readReference(join(folder, 'hps.safetensors')),
      cases,
    )),
  );
  remove('HPS_v2.pt');
  await writePage(rows, versions);

  const place = await savedFaceScore();
  const { keys } = await authors<{ readonly keys: number }>('blip', { path: place });
  console.log(`  the authors' code loads FS_model.pt strictly: ${keys} keys`);
  const faceScore = (await studio.load('facewright/load-face-score', { path: place })) as unknown as Model<'face-score'>;
  rows.push(...(await blipCases(faceScore, await readReference(join(folder, 'blip.safetensors')), cases)));
  remove('data/out/face-score');
  await writePage(rows, versions);

  await authors('clip');
  const clip = await run<Model<'clip'>>(scores, 'load-clip', { path: join(folder, 'ViT-L-14.pt'), activation: 'auto' });
  const reference = await readReference(join(folder, 'clip.safetensors'));
  rows.push(
    ...(await clipCases("CLIP ViT-L/14, OpenAI's names", { model: clip, kind: 'clip-score', toPixels: clipPixels }, reference, cases)),
  );
  const head = await run<Model<'aesthetic'>>(scores, 'load-aesthetic', { path: request.aesthetic });
  rows.push(...(await aestheticCases(head, clip, reference, cases)));
  remove('ViT-L-14.pt');
  await writePage(rows, versions);

  await authors('hf_clip');
  const hf = await run<Model<'clip'>>(scores, 'load-clip', { path: join(folder, 'hf_clip'), activation: 'auto' });
  rows.push(
    ...(await clipCases(
      'CLIP ViT-L/14, folder of transformers',
      { model: hf, kind: 'clip-score', toPixels: clipPixels },
      await readReference(join(folder, 'hf_clip.safetensors')),
      cases,
    )),
  );
  remove('hf_clip');

  const file = await writePage(rows, versions);
  const failed = rows.filter((row) => !passes(row)).length;
  console.log(`\n${file} is written; ${failed === 0 ? 'every case is within its tolerance' : `${failed} case(s) beyond their tolerance`}`);
  process.exitCode = failed === 0 ? 0 : 1;
} finally {
  await studio.close();
  clean();
}
