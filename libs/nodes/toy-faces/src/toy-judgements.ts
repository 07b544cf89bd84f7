// Toy judgements: the work of the node.
import type { Choice, Image, Judgements, NodeRun } from '@facewright/core';
import { addNoise, blur, type ImageBuffer, type Rng } from '@facewright/tensor';
import { captionOf } from './caption-of.ts';
import { defectSize, partOfDefects } from './defect-size.ts';
import { deformScene } from './deform-scene.ts';
import { drawScene } from './draw-scene.ts';
import { PICTURE_SIZE, sampleScene, type FaceScene } from './face-scene.ts';
import type { definition } from './toy-judgements-definition.ts';

const LABELS = ['A', 'B', 'C'];

export const run: NodeRun<typeof definition> = async (inputs, ctx) => {
  const { perSet, strongest, nuisance, annotators, noise, tieBelow, seed } = inputs;
  const source = ctx.rng(seed);
  // A generator for each purpose, so that other annotators judge the same pictures, and more sets leave the first ones as they are.
  const [scenes, defects, blurs, eyes] = [0, 1, 2, 3].map(() => ctx.rng(source.integer(2 ** 32))) as [Rng, Rng, Rng, Rng];
  const each = Array.from({ length: annotators }, (_, i) => ({ annotator: `Simulated ${i + 1}`, rng: ctx.rng(eyes.integer(2 ** 32)) }));
  const sets: Judgements['sets'] = [];
  const rows: { image: Image; face: number; box: null; score: number }[] = [];
  for (let set = 0; set < inputs.sets; set++) {
    ctx.signal.throwIfAborted();
    const sound = sampleScene(scenes);
    const drawn = Array.from({ length: perSet }, () => withSomeDefects(sound, strongest, defects));
    const pictures = drawn.map((scene) => degraded(drawScene(scene), nuisance, blurs));
    const images: Image[] = [];
    for (const [i, picture] of pictures.entries())
      images.push(await ctx.images.write(picture, { key: `toy-set-${seed}-${set}-${LABELS[i]}`, caption: captionOf(sound) }));
    const truth = drawn.map(defectSize);
    images.forEach((image, i) => rows.push({ image, face: 0, box: null, score: truth[i]! }));
    const votes = each.map(({ annotator, rng }) => ({ annotator, choice: judge(truth, noise, tieBelow, rng) }));
    sets.push({ key: `toy-set-${seed}-${set}`, caption: captionOf(sound), images, votes });
    ctx.progress(set + 1, inputs.sets, pictures[0]);
  }
  return {
    judgements: { name: `toy judgements ${seed}`, labels: LABELS.slice(0, perSet), sets },
    images: rows.map(({ image }) => image),
    truth: { metric: 'True defect', higherIsBetter: false, rows },
  };
};

/** Own defects for each picture, of a random amount. */
const withSomeDefects = (sound: FaceScene, strongest: number, rng: Rng): FaceScene => ({
  ...sound,
  defects: partOfDefects(deformScene(sound, rng).defects, strongest * rng()),
});

function degraded(data: Uint8Array, nuisance: number, rng: Rng): ImageBuffer {
  const picture = { width: PICTURE_SIZE, height: PICTURE_SIZE, channels: 3 as const, data };
  const [sigma, grain] = [nuisance * rng(), 10 * nuisance * rng()];
  // A blur of a hundredth of a pixel changes no byte.
  return addNoise(sigma > 0.01 ? blur(picture, sigma) : picture, grain, rng);
}

/** The face whose defect seems smallest, as seen with noise; a tie when the next one seems hardly worse. */
function judge(truth: readonly number[], noise: number, tieBelow: number, rng: Rng): Choice {
  const seen = Array.from(rng.normal(truth.length), (z, i) => truth[i]! + noise * z);
  const [best, next] = seen.map((defect, i) => ({ defect, i })).sort((a, b) => a.defect - b.defect);
  return next!.defect - best!.defect < tieBelow ? 'tie' : best!.i;
}
