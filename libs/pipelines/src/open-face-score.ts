// A face score model opened for use: how good the face on a crop is, as FaceScore and ImageReward tell it.
import type { Model, NodeContext } from '@facewright/core';
import {
  blipGraph,
  createBertTokenizer,
  parseBlipRewardConfig,
  parseVocabulary,
  storedWeights,
  type BlipRewardConfig,
  type Tokenizer,
} from '@facewright/models';
import { buildModel } from '@facewright/onnx';
import type { ImageBuffer, Tensor, Tensors } from '@facewright/tensor';
import { fusedWhere } from './fused-where.ts';
import { componentKey, componentOf, componentText, componentWeights } from './model-files.ts';
import { runRows } from './run-rows.ts';
import { bertVocabulary } from './scores/bert-vocabulary.ts';
import { clipPixels } from './scores/pixels.ts';

export interface FaceScoreModel {
  readonly config: BlipRewardConfig;
  readonly tokenizer: Tokenizer;
  /** Crops as the network reads them, [n, 3, size, size]. */
  pixels(crops: readonly ImageBuffer[]): Tensor<'float32'>;
  /** One number for each crop, higher is better, for what `prompt` (one for all, or one for each) says it shows. Not rescaled: FaceScore reports the reward itself. */
  score(crops: readonly ImageBuffer[], prompt: string | readonly string[]): Promise<number[]>;
}

/** Tokens of a prompt, start and end included, in ImageReward and FaceScore. */
const promptTokens = 35;
/** Crops in one run: a few hundred megabytes of activations at full size. */
const batch = 16;

/** Opens a handle of family 'face-score'; one without a vocabulary, as official files are, gets BERT's. Throws PIPELINES_COMPONENT, PIPELINES_FILE, SCORES_VOCABULARY, MODELS_CONFIG, MODELS_WEIGHTS. */
export async function openFaceScore(handle: Model<'face-score'>, ctx: NodeContext): Promise<FaceScoreModel> {
  const config = parseBlipRewardConfig(componentOf(handle, 'face_score').config);
  const weights = storedWeights(await componentWeights(handle, 'face_score', ctx));
  const tokens = Math.min(promptTokens, config.text.maxTokens);
  const bert = !('vocab.txt' in componentOf(handle, 'face_score').files) && config.text.vocabSize >= bertVocabulary().length;
  const vocabulary = bert ? bertVocabulary() : parseVocabulary(await componentText(handle, 'face_score', 'vocab.txt', ctx));
  const tokenizer = createBertTokenizer(vocabulary, { length: tokens });
  const build = (n: number) => buildModel(blipGraph(config, { batch: n, tokens }, weights, fusedWhere(ctx)));

  const pixels = (crops: readonly ImageBuffer[]): Tensor<'float32'> => clipPixels(crops, config.vision.imageSize);
  return {
    config,
    tokenizer,
    pixels,
    async score(crops, prompt) {
      if (crops.length === 0) return [];
      const { ids, mask } = tokenizer.encode(typeof prompt === 'string' ? crops.map(() => prompt) : prompt);
      const feeds: Tensors = { pixel_values: pixels(crops), input_ids: ids, attention_mask: mask };
      const { reward } = await runRows(feeds, {
        batch,
        signal: ctx.signal,
        open: (n) => ctx.session(`${componentKey(handle, 'face_score')}:${n}x${tokens}`, () => build(n)),
      });
      return [...reward!.data];
    },
  };
}
