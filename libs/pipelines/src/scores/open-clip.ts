// CLIP with both halves opened for use: features of pictures and texts that can be compared.
import type { Model, NodeContext } from '@facewright/core';
import {
  clipVisionGraph,
  createClipTokenizer,
  parseClipConfig,
  splitClip,
  storedWeights,
  textGraph,
  type ClipConfig,
} from '@facewright/models';
import { buildModel } from '@facewright/onnx';
import { int64, type ImageBuffer } from '@facewright/tensor';
import { openTensorFile } from '@facewright/weights';
import { err } from './errors.ts';
import { fusedWhere } from '../fused-where.ts';
import { componentKey, componentOf } from '../model-files.ts';
import { clipVocabulary } from '../prompts/clip-vocabulary.ts';
import { runRows } from '../run-rows.ts';
import { err as pipelineErr } from '../errors.ts';
import type { ToPixels } from './pixels.ts';
import { withoutModulePrefix } from './scorer-tensors.ts';

export interface Clip {
  readonly config: ClipConfig;
  /** A vector of length 1 for each picture. */
  pictures(crops: readonly ImageBuffer[], toPixels: ToPixels): Promise<Float32Array[]>;
  /** A vector of length 1 for each text; texts beyond the model's positions lose their end. */
  texts(texts: readonly string[]): Promise<Float32Array[]>;
}

/** Rows in one run: a few hundred megabytes of activations at the size of ViT-H. */
const batch = 16;

/** Opens a handle of family 'clip'. Throws PIPELINES_COMPONENT, SCORES_FIT for another vocabulary, WEIGHTS_*, MODELS_*. */
export async function openClip(handle: Model<'clip'>, ctx: NodeContext): Promise<Clip> {
  const { config: json, weights } = componentOf(handle, 'clip');
  if (!weights) throw pipelineErr.COMPONENT(handle.name, 'clip', ['one without weights']);
  const file = await ctx.assets.file(weights);
  const { vision, text, ...split } = splitClip(file, withoutModulePrefix((await openTensorFile(file)).tensors), { json });
  const config = parseClipConfig(split.config);
  const vocabulary = await clipVocabulary();
  const pieces = Object.keys(vocabulary.vocab).length;
  if (config.text.vocabSize !== pieces)
    throw err.FIT(`CLIP ${handle.name}`, `OpenAI's vocabulary of ${pieces} pieces`, `one of ${config.text.vocabSize}`);
  const tokenizer = createClipTokenizer(vocabulary, { length: config.text.maxTokens, padToken: '!' });
  const key = componentKey(handle, 'clip');
  const [visionWeights, textWeights] = [storedWeights(vision), storedWeights(text)];
  const options = fusedWhere(ctx);

  return {
    config,
    async pictures(crops, toPixels) {
      if (crops.length === 0) return [];
      const { image_embeds: found } = await runRows(
        { pixel_values: toPixels(crops, config.vision.imageSize) },
        {
          batch,
          signal: ctx.signal,
          open: (n) =>
            ctx.session(`${key}:vision:${n}`, () => buildModel(clipVisionGraph(config.vision, { batch: n }, visionWeights, options))),
        },
      );
      return unitRows(found!.data, crops.length);
    },
    async texts(texts) {
      const different = [...new Set(texts)];
      if (different.length === 0) return [];
      const { ids } = tokenizer.encode(different);
      const ends = different.map((_, row) =>
        ids.data.subarray(row * tokenizer.length, (row + 1) * tokenizer.length).indexOf(BigInt(tokenizer.end)),
      );
      const { pooled } = await runRows(
        { input_ids: ids, pool_index: int64([different.length], ends) },
        {
          batch,
          signal: ctx.signal,
          open: (n) =>
            ctx.session(`${key}:text:${n}`, () =>
              buildModel({ ...textGraph(config.text, { batch: n, tokens: tokenizer.length }, textWeights, { ...options, pooled: true }) }),
            ),
        },
      );
      const rows = new Map(unitRows(pooled!.data, different.length).map((row, i) => [different[i]!, row]));
      return texts.map((text) => rows.get(text)!);
    },
  };
}

/** Rows brought to length 1; a row of zeros stays. */
function unitRows(data: Float32Array, count: number): Float32Array[] {
  const width = data.length / count;
  return Array.from({ length: count }, (_, i) => {
    const row = data.subarray(i * width, (i + 1) * width);
    const length = Math.hypot(...row) || 1;
    return row.map((value) => value / length);
  });
}

/** The cosine of two vectors of length 1. */
export const cosine = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
