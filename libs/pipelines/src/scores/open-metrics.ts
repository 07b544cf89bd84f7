// Metrics of an experiment, opened together: what several of them need of a picture (its faces, its features) is computed once.
import type { Face, Image, Metric, Model, NodeContext } from '@facewright/core';
import type { ImageBuffer } from '@facewright/tensor';
import { contrast, sharpness } from '../image/picture-measures.ts';
import { componentKey } from '../model-files.ts';
import { openDetector } from '../open-detector.ts';
import { openFeatures } from '../open-features.ts';
import { err } from './errors.ts';
import { isScorer, modelOf, openScorer } from './open-scorer.ts';
import { scoreGroup } from './score-pictures.ts';

/** Which way is good. 'real': the closer to what real pictures give. */
export type Better = 'higher' | 'lower' | 'real';

export interface PictureToMeasure {
  readonly image: Image;
  readonly pixels: ImageBuffer;
}
/** `value` is null where there is none, and `note` says why. */
export interface PictureValue {
  readonly value: number | null;
  readonly note?: string;
}
interface Opened {
  readonly name: string;
  /** In words, with the model's name. */
  readonly title: string;
  readonly better: Better;
}
/** One number a picture. */
export interface PictureMetric extends Opened {
  readonly of: 'picture';
  measure(pictures: readonly PictureToMeasure[]): Promise<readonly PictureValue[]>;
}
export type SetStatistic = 'frechet-distance' | 'kernel-distance' | 'diversity';
/** One number a set of pictures, a statistic of their features. */
export interface SetMetric extends Opened {
  readonly of: 'set';
  readonly statistic: SetStatistic;
  /** Metrics with the same network share its features. */
  readonly network: string;
  /** Numbers in a feature vector. */
  readonly length: number;
  features(pictures: readonly ImageBuffer[]): Promise<readonly Float32Array[]>;
}
export type OpenMetric = PictureMetric | SetMetric;

const setStatistics: Readonly<Record<SetStatistic, { readonly title: string; readonly better: Better }>> = {
  'frechet-distance': { title: 'Fréchet distance', better: 'lower' },
  'kernel-distance': { title: 'Kernel distance', better: 'lower' },
  diversity: { title: 'Diversity', better: 'real' },
};
const isSetStatistic = (kind: string): kind is SetStatistic => Object.hasOwn(setStatistics, kind);
const ofPixels: Readonly<Record<string, { readonly title: string; readonly measure: (pixels: ImageBuffer) => number }>> = {
  sharpness: { title: 'Sharpness', measure: sharpness },
  contrast: { title: 'Contrast', measure: contrast },
};
/** Is it computed of whole sets, so that it has no value for one picture? */
export const isSetMetric = ({ kind }: Pick<Metric, 'kind'>): boolean => isSetStatistic(kind);

/** Work on pictures that is remembered as long as their pixels are. */
function remembered<T extends object>(work: (pictures: readonly ImageBuffer[]) => Promise<readonly T[]>) {
  const known = new WeakMap<ImageBuffer, T>();
  return async (pictures: readonly ImageBuffer[]): Promise<readonly T[]> => {
    const unknown = pictures.filter((pixels) => !known.has(pixels));
    (await work(unknown)).forEach((result, i) => known.set(unknown[i]!, result));
    return pictures.map((pixels) => known.get(pixels)!);
  };
}
/** One of each key, whoever asks first. */
function shared<T>() {
  const made = new Map<string, Promise<T>>();
  return (key: string, make: () => Promise<T>): Promise<T> => {
    const found = made.get(key) ?? make();
    made.set(key, found);
    return found;
  };
}

/**
 * Kinds: those of `openScorer`, of whole pictures, or with a model `detector` of their faces (mean of a picture's faces; settings `prompt`, empty for the caption, and
 * `threshold`, the least confidence of a face); 'faces-found' (1 or 0); 'sharpness', 'contrast'; 'frechet-distance', 'kernel-distance' and 'diversity' of a model `features`.
 * Throws SCORES_KIND, SCORES_NAMES for a name that comes twice, and what opening the models throws.
 */
export async function openMetrics(metrics: readonly Metric[], ctx: NodeContext): Promise<readonly OpenMetric[]> {
  const twice = metrics.map(({ name }) => name).filter((name, i, names) => names.indexOf(name) !== i);
  if (twice.length > 0) throw err.NAMES(twice);
  const detectors = shared<(pictures: readonly ImageBuffer[]) => Promise<readonly (readonly Face[])[]>>();
  const networks = shared<Pick<SetMetric, 'length' | 'features'>>();

  const facesOf = async (detector: Model<'face-detector'>, threshold: number) => {
    const all = await detectors(`${componentKey(detector, 'detector')}:${threshold}`, async () => {
      const { detect } = await openDetector(detector, ctx);
      return remembered(async (pictures) => {
        const found: Face[][] = [];
        for (const pixels of pictures) found.push(await detect(pixels, { threshold }));
        return found;
      });
    });
    return all;
  };

  const open = async (metric: Metric): Promise<OpenMetric> => {
    const { kind, name, settings } = metric;
    const threshold = typeof settings['threshold'] === 'number' ? settings['threshold'] : 0.5;
    if (isSetStatistic(kind)) {
      const model = modelOf(metric, 'features', 'features');
      const network = componentKey(model, 'features');
      const { length, features } = await networks(network, async () => {
        const opened = await openFeatures(model, ctx);
        return { length: opened.length, features: remembered((pictures) => opened.features(pictures)) };
      });
      const { title, better } = setStatistics[kind];
      return { of: 'set', name, title: `${title} (${model.name})`, better, statistic: kind, network, length, features };
    }
    const own = ofPixels[kind];
    if (own)
      return {
        of: 'picture',
        name,
        title: own.title,
        better: 'real',
        measure: async (pictures) => pictures.map(({ pixels }) => ({ value: own.measure(pixels) })),
      };
    if (kind === 'faces-found') {
      const faces = await facesOf(modelOf(metric, 'detector', 'face-detector'), threshold);
      return {
        of: 'picture',
        name,
        title: 'Faces found',
        better: 'higher',
        measure: async (pictures) =>
          (await faces(pictures.map(({ pixels }) => pixels))).map((found) => ({ value: found.length > 0 ? 1 : 0 })),
      };
    }
    if (!isScorer(kind)) throw err.KIND(kind, [...Object.keys(ofPixels), 'faces-found', ...Object.keys(setStatistics), 'the scorers']);
    const local = 'detector' in metric.models;
    const scorer = await openScorer(metric, ctx);
    const faces = local ? await facesOf(modelOf(metric, 'detector', 'face-detector'), threshold) : null;
    return {
      of: 'picture',
      name,
      title: scorer.title(local ? 'face' : 'picture'),
      better: 'higher',
      async measure(pictures) {
        const found = faces && (await faces(pictures.map(({ pixels }) => pixels)));
        const rows = await scoreGroup(
          pictures.map((picture, i) => ({ ...picture, faces: found ? found[i]! : null })),
          scorer,
          { prompt: String(settings['prompt'] ?? ''), per: 'picture' },
        );
        return rows.map(({ score, note }) => ({ value: score, ...(note !== undefined && { note }) }));
      },
    };
  };
  const opened: OpenMetric[] = [];
  for (const metric of metrics) opened.push(await open(metric));
  return opened;
}
