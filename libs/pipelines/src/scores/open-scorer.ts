// The scorers by name: what each makes of crops and texts, for nodes that score and for experiments alike.
import type { Metric, Model, NodeContext } from '@facewright/core';
import { imageRewardScale } from '@facewright/models';
import { openFaceScore } from '../open-face-score.ts';
import { alignFace } from './align-face.ts';
import { err } from './errors.ts';
import { openAesthetic } from './open-aesthetic.ts';
import { cosine, openClip, type Clip } from './open-clip.ts';
import { openFaceQuality } from './open-face-quality.ts';
import { clipPixels, hpsPixels, type ToPixels } from './pixels.ts';
import type { PictureScorer } from './score-pictures.ts';

export interface Scorer extends Omit<PictureScorer, 'metric'> {
  /** What tables call it, of whole pictures or of faces. */
  title(of: 'picture' | 'face'): string;
}

/** Which scorer, its models by role, its settings. */
export type ScorerSpec = Pick<Metric, 'kind' | 'models' | 'settings'>;

/** A model of a spec. Throws SCORES_FIT. */
export function modelOf<F extends string>({ kind, models }: ScorerSpec, role: string, family: F): Model<F> {
  const model = models[role];
  if (model?.family !== family) throw err.FIT(`${kind}: model ${role}`, `one of family ${family}`, model ? model.family : 'none');
  return model as Model<F>;
}

/** Width of ViT-H's picture half, which HPS v2 and v2.1 are trained on and v1 is not. */
const widthOfHps2 = 1280;

/** The cosine of picture and text. */
const likeness =
  (clip: Clip, toPixels: ToPixels): PictureScorer['score'] =>
  async (crops, texts) => {
    const said = await clip.texts(texts);
    return (await clip.pictures(crops, toPixels)).map((seen, i) => cosine(seen, said[i]!));
  };

const openers: Readonly<Record<string, (spec: ScorerSpec, ctx: NodeContext) => Promise<Scorer>>> = {
  async 'face-score'(spec, ctx) {
    const model = modelOf(spec, 'scorer', 'face-score');
    const { score } = await openFaceScore(model, ctx);
    return { title: () => `Face score (${model.name})`, score };
  },
  async 'image-reward'(spec, ctx) {
    const model = modelOf(spec, 'scorer', 'face-score');
    const scorer = await openFaceScore(model, ctx);
    const { mean, deviation } = imageRewardScale;
    return {
      title: (of) => `${of === 'face' ? 'LocalIR' : 'ImageReward'} (${model.name})`,
      score: async (crops, texts) => (await scorer.score(crops, texts)).map((reward) => (reward - mean) / deviation),
    };
  },
  async 'clip-score'(spec, ctx) {
    const model = modelOf(spec, 'clip', 'clip');
    return {
      title: (of) => `${of === 'face' ? 'Local CLIP score' : 'CLIP score'} (${model.name})`,
      score: likeness(await openClip(model, ctx), clipPixels),
    };
  },
  /** The cosine, which HPS reports; its tables show it times 100. Setting `version`: 'v1', 'v2', or 'auto', which goes by the size. */
  async hps(spec, ctx) {
    const model = modelOf(spec, 'clip', 'clip');
    const clip = await openClip(model, ctx);
    const { version = 'auto' } = spec.settings;
    const second = version === 'v2' || (version === 'auto' && clip.config.vision.width === widthOfHps2);
    return {
      title: (of) => `${of === 'face' ? 'LocalHPS' : 'HPS'} ${second ? 'v2' : 'v1'} (${model.name})`,
      score: likeness(clip, second ? hpsPixels : clipPixels),
    };
  },
  async aesthetic(spec, ctx) {
    const [model, below] = [modelOf(spec, 'head', 'aesthetic'), modelOf(spec, 'clip', 'clip')];
    const [head, clip] = [await openAesthetic(model, ctx), await openClip(below, ctx)];
    const { projection } = clip.config.vision;
    if (projection !== head.width)
      throw err.FIT(`clip ${below.name}`, `features of width ${head.width}, as ${model.name} reads`, `${projection}`);
    return {
      title: (of) => `${of === 'face' ? 'Local aesthetic score' : 'Aesthetic score'} (${model.name})`,
      score: async (crops) => head.score(await clip.pictures(crops, clipPixels)),
    };
  },
  async 'face-quality'(spec, ctx) {
    const model = modelOf(spec, 'network', 'face-quality');
    const { score } = await openFaceQuality(model, ctx);
    return { title: () => `Face quality (${model.name})`, score, crop: alignFace };
  },
};

export const isScorer = (kind: string): boolean => Object.hasOwn(openers, kind);

/** Throws SCORES_KIND, SCORES_FIT for a missing model or one that another does not fit, and what opening the models throws. */
export async function openScorer(spec: ScorerSpec, ctx: NodeContext): Promise<Scorer> {
  if (!isScorer(spec.kind)) throw err.KIND(spec.kind, Object.keys(openers));
  return openers[spec.kind]!(spec, ctx);
}
