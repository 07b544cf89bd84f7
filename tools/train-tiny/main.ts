// Trains the embedded model set models/tiny-faces from a seed: node tools/train-tiny/main.ts [--only vae,unet,score,detector,features,dino,loras,sheet] [--seed N] [--out DIR] [--share X] [--fresh].
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createRuntime } from '@facewright/runtime';
import { drawFaceSet } from './face-set.ts';
import { writeSheet } from './contact-sheet.ts';
import type { StageContext } from './stage.ts';
import { detectorStage, dinoStage, faceScoreStage, featuresStage } from './network-stages.ts';
import { loraStage } from './train-lora.ts';
import { autoencoderStage, diffusionStage, type StageFolders } from './diffusion-stages.ts';

const root = join(import.meta.dirname, '../..');
const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seed: { type: 'string', default: '1' },
    out: { type: 'string', default: join(root, 'models/tiny-faces') },
    cache: { type: 'string', default: join(root, '.cache/train-tiny') },
    /** Share of the steps and of the pictures of a full training: to see that everything runs. */
    share: { type: 'string', default: '1' },
    /** Forget checkpoints instead of going on from them. */
    fresh: { type: 'boolean', default: false },
  },
});
const [seed, share] = [Number(values.seed), Number(values.share)];
const stageNames = ['vae', 'unet', 'score', 'detector', 'features', 'dino', 'loras', 'sheet'] as const;
const wanted = values.only?.split(',') ?? [...stageNames];
const problems = [
  ...wanted
    .filter((name) => !stageNames.includes(name as (typeof stageNames)[number]))
    .map((name) => `--only: expected stages among ${stageNames.join(', ')}, got ${name}`),
  ...(Number.isSafeInteger(seed) && seed >= 0 ? [] : [`--seed: expected a whole number, got ${values.seed}`]),
  ...(share > 0 && share <= 1 ? [] : [`--share: expected a number in (0, 1], got ${values.share}`]),
];
if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exit(2);
}

const began = performance.now();
const log = (message: string) => console.log(`${((performance.now() - began) / 1000).toFixed(0).padStart(5)} s  ${message}`);
const stop = new AbortController();
process.once('SIGINT', () => {
  log('stopping after this step; run the same command to go on');
  stop.abort();
});

if (values.fresh) await rm(values.cache, { recursive: true, force: true });
const runtime = await createRuntime({ provider: 'cpu', log });
const context: StageContext = { runtime, seed, cache: values.cache, signal: stop.signal, log };
const folders: StageFolders = { out: values.out, share };

const run: Record<(typeof stageNames)[number], () => Promise<void>> = {
  vae: async () => autoencoderStage(trainingFaces(), folders, context),
  unet: async () => diffusionStage(trainingFaces(), folders, context),
  score: async () => faceScoreStage(folders, context),
  detector: async () => detectorStage(folders, context),
  features: async () => featuresStage(folders, context),
  dino: async () => dinoStage(folders, context),
  loras: async () => loraStage(folders, context),
  sheet: async () => writeSheet(values.out, join(root, 'docs/tiny-faces'), context),
};

let faces: ReturnType<typeof drawFaceSet> | undefined;
/** Drawn once, when the first stage asks: a third of the faces are defective, so that a model that has learnt them well still has something to improve. */
function trainingFaces(): ReturnType<typeof drawFaceSet> {
  if (!faces) {
    faces = drawFaceSet({ seed, count: Math.max(64, Math.round(16_000 * share)), deformedShare: 0.35 });
    log(`${faces.count} pictures drawn`);
  }
  return faces;
}

for (const name of stageNames) {
  if (!wanted.includes(name) || stop.signal.aborted) continue;
  const start = performance.now();
  await run[name]();
  log(`stage ${name} took ${((performance.now() - start) / 1000).toFixed(0)} s`);
}
