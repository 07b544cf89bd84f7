// Trains and opens everything that the study measures with. Nothing here sees a prompt, a pair or a picture that a variant is trained on.
import type { Image, Model, NodeContext, NodeOutputs, PairSet } from '@facewright/core';
import { componentKey, openDiffusion, openFaceScore, openFeatures, type FaceScoreModel } from '@facewright/pipelines';
import { drawFaceSet, pictureOf } from '../train-tiny/face-set.ts';
import { fitPreference } from './face-preference.ts';
import { instrumentGraph, type StudySize } from './job-graph.ts';
import { openInstruments, type Measure, type MeasuredPicture, type Picture } from './measure-pictures.ts';
import type { StudyData } from './study-data.ts';

export interface StudyInstruments {
  measure: Measure;
  /** Measured once, then kept. */
  measureImages(name: string, images: readonly Image[]): Promise<readonly MeasuredPicture[]>;
  readonly real: readonly Image[];
  /** Pairs of pictures that neither a score nor a variant was trained on. */
  readonly heldOut: PairSet;
  readonly scores: Readonly<Record<string, FaceScoreModel>>;
}

/** Pictures of the generator from which agreement with captions and preference are learned. */
const drawnSeed = 7001;

export async function studyInstruments(data: StudyData, size: StudySize): Promise<StudyInstruments> {
  const { context } = data;
  const graph = instrumentGraph(size);
  const made = await data.kept('instruments', [graph.nodes, graph.links], async () => {
    const outputs = await data.run(graph, ['scorer', 'plain-scorer', 'real', 'heldOutGood-pairs']);
    const of = (node: string, output: string) => (outputs.get(node) as NodeOutputs)[output];
    return {
      scorer: of('scorer', 'model') as Model<'face-score'>,
      plainScorer: of('plain-scorer', 'model') as Model<'face-score'>,
      real: of('real', 'images') as readonly Image[],
      heldOut: of('heldOutGood-pairs', 'pairs') as PairSet,
    };
  });
  const loaders = ['face-score', 'face-detector', 'features', 'diffusion'] as const;
  const loaded = await data.run(graph, loaders);
  const [reward, detector, features, diffusion] = loaders.map((name) => loaded.get(name)!['model']) as [
    Model<'face-score'>,
    Model<'face-detector'>,
    Model<'features'>,
    Model<'diffusion'>,
  ];
  const faces = drawFaceSet({ seed: drawnSeed, count: 4 * size.real, deformedShare: 0.5 });
  const drawn = Array.from({ length: faces.count }, (_, i) => ({ pixels: pictureOf(faces, i), caption: faces.captions[i]! }));
  // half of them as soft as what a diffusion model draws
  const soft = await throughAutoencoder(diffusion, drawn.slice(0, faces.count / 2), context);
  const judged = [...soft, ...drawn.slice(faces.count / 2)].map((picture, i) => ({ ...picture, deformed: faces.deformed[i] === 1 }));
  const preference = await fitPreference((await openFeatures(features, context)).features, judged);
  const measure = await openInstruments(
    { scorer: made.scorer, plainScorer: made.plainScorer, reward, detector, features },
    judged,
    preference,
    context,
  );
  const scores = {
    'before training': await openFaceScore(reward, context),
    'without degraded negatives': await openFaceScore(made.plainScorer, context),
    'with degraded negatives': await openFaceScore(made.scorer, context),
  };
  const models = [made.scorer, made.plainScorer, features].map((model) =>
    Object.keys(model.components).map((name) => componentKey(model, name)),
  );
  return {
    measure,
    real: made.real,
    heldOut: made.heldOut,
    scores,
    measureImages: (name, images) =>
      data.kept(`measures-${name}`, [images.map(({ asset }) => asset.id), models], async () =>
        measure(await Promise.all(images.map(async (image) => ({ pixels: await context.images.read(image), caption: image.caption })))),
      ),
  };
}

async function throughAutoencoder(handle: Model<'diffusion'>, pictures: readonly Picture[], context: NodeContext): Promise<Picture[]> {
  const diffusion = await openDiffusion(handle, context, { batch: 32 });
  const pixels = await diffusion.decodeLatents(await diffusion.encodeImages(pictures.map((picture) => picture.pixels)));
  return pictures.map((picture, i) => ({ ...picture, pixels: pixels[i]! }));
}
