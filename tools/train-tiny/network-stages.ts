// The stages that make the networks beside the diffusion model: face score, detector, features.
import { join } from 'node:path';
import { halved, heldOutFaces, readAutoencoder, stepsOf, type StageFolders } from './diffusion-stages.ts';
import { dinoConfig, faceScoreConfig } from './configs.ts';
import { drawFacePairs } from './face-pairs.ts';
import { drawFaceSet, pictureOf, type FaceSet } from './face-set.ts';
import { decodeLatents, encodePictures } from './latents.ts';
import { detectionQuality } from './detection-quality.ts';
import type { StageContext } from './stage.ts';
import { featureQuality, plainPixels, type FeatureQuality } from './dino-quality.ts';
import { dinoFeatures, trainDino } from './train-dino.ts';
import { detectorModel, trainDetector } from './train-detector.ts';
import { fullScoreConfig, pairAccuracy, scoreVocabulary, trainFaceScore } from './train-face-score.ts';
import { explainedVariance, featuresModel, trainFeatures } from './train-features.ts';
import { writeJson, writeWeights, writeWhole } from './write-files.ts';

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

export async function faceScoreStage(folders: StageFolders, context: StageContext): Promise<void> {
  const vae = await readAutoencoder(folders.out);
  const size = faceScoreConfig.vision_config.image_size;
  const draw = (seed: number, count: number) => drawFacePairs(context.runtime, vae.weights, { seed, count, softShare: 0.4, size });
  const pairs = await draw(context.seed, Math.max(64, Math.round(5000 * folders.share)));
  context.log(`${pairs.length} pairs drawn`);
  const weights = await trainFaceScore(pairs, { steps: stepsOf(6500, folders), peak: 1e-3 }, context);
  const folder = join(folders.out, 'face_score');
  await writeWeights(join(folder, 'model.safetensors'), weights);
  await writeJson(join(folder, 'config.json'), fullScoreConfig());
  await writeWhole(join(folder, 'vocab.txt'), `${scoreVocabulary().join('\n')}\n`);
  const { all, byKind } = await pairAccuracy(await draw(context.seed + 1, 500), weights, context);
  context.log(`face score ranks ${percent(all)} of held-out pairs as they are`);
  for (const [kind, { pairs: count, accuracy }] of Object.entries(byKind)) context.log(`  ${kind}: ${percent(accuracy)} of ${count}`);
}

export async function detectorStage(folders: StageFolders, context: StageContext): Promise<void> {
  const faces = drawFaceSet({ seed: context.seed + 3, count: Math.max(64, Math.round(5000 * folders.share)), deformedShare: 0.35 });
  const vae = await readAutoencoder(folders.out);
  const soft = await decodeLatents(
    context.runtime,
    vae.weights,
    await encodePictures(context.runtime, vae.weights, faces.pixels, Math.min(2000, faces.count)),
  );
  const weights = await trainDetector({ faces, soft }, { steps: stepsOf(1200, folders), peak: 2e-3 }, context);
  const model = detectorModel(weights);
  await writeWhole(join(folders.out, 'face_detector/face_detector.onnx'), model.bytes);
  const unseen = heldOutFaces(context.seed, 500, 0.35);
  const { found, meanOverlap, meanPointError, extra } = await detectionQuality(unseen, model, context);
  context.log(
    `detector finds ${percent(found)} of held-out faces, mean overlap ${meanOverlap.toFixed(3)}, points off by ${meanPointError.toFixed(2)} pixels, ${extra} boxes too many in ${unseen.count} pictures`,
  );
}

export async function featuresStage(folders: StageFolders, context: StageContext): Promise<void> {
  const faces = drawFaceSet({ seed: context.seed + 2, count: Math.max(64, Math.round(6000 * folders.share)), deformedShare: 0 });
  const weights = await trainFeatures(faces, { steps: stepsOf(2000, folders), peak: 2e-3 }, context);
  await writeWhole(join(folders.out, 'features/features.onnx'), featuresModel(weights, 32).bytes);
  const explained = [...(await explainedVariance(heldOutFaces(context.seed, 640, 0), weights, context)).values()]
    .filter(Number.isFinite)
    .sort((a, b) => a - b);
  context.log(
    `feature network explains a median of ${percent(explained[explained.length >> 1]!)} of a parameter's variance on held-out pictures`,
  );
}

/** Learns from pictures of its own without their captions; then tells by a number what its features carry, beside random weights and plain pixels. */
export async function dinoStage(folders: StageFolders, context: StageContext): Promise<void> {
  const count = Math.max(64, Math.round(4000 * folders.share));
  const weights = await trainDino(
    drawFaceSet({ seed: context.seed + 5, count, deformedShare: 0.35 }),
    { steps: stepsOf(700, folders), peak: 1e-3 },
    context,
  );
  await writeWeights(join(folders.out, 'dino/model.safetensors'), halved(weights));
  await writeJson(join(folders.out, 'dino/config.json'), dinoConfig);
  const fit = heldOutFaces(context.seed, Math.max(64, Math.round(2000 * folders.share)), 0.5);
  const test = heldOutFaces(context.seed + 1, Math.max(64, Math.round(1000 * folders.share)), 0.5);
  const imagesOf = (set: FaceSet) => Array.from({ length: set.count }, (_, i) => pictureOf(set, i));
  const tell = (what: string, { neighbours, explained, defects }: FeatureQuality) =>
    context.log(
      `${what}: neighbours agree ${percent(neighbours)}, face parameters explained ${percent(explained)}, deformed ranked below sound ${percent(defects)}`,
    );
  for (const [what, from] of [
    ['dino', weights],
    ['random weights', null],
  ] as const) {
    const features = (set: FaceSet) => dinoFeatures(imagesOf(set), from, context);
    tell(what, featureQuality(fit, test, { fit: await features(fit), test: await features(test) }));
  }
  tell('pixels, 16 x 16', featureQuality(fit, test, { fit: plainPixels(fit, 4), test: plainPixels(test, 4) }));
}
