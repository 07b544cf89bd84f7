// Save face score: the work of the node.
import type { NodeRun } from '@facewright/core';
import { BlipReward, parseBlipRewardConfig } from '@facewright/models';
import { componentOf, componentText, componentWeights, safePath } from '@facewright/pipelines';
import type { Tensor } from '@facewright/tensor';
import type { WrittenTensor } from '@facewright/weights';
import type { saveFaceScore } from './definition.ts';
import { inPrecision } from './in-precision.ts';
import { inFolder, writeJson, writeTensors } from './write-tensors.ts';

/** A buffer of the authors' text encoder that counts its positions: it is no weight, and their files have it. */
const positions = 'blip.text_encoder.embeddings.position_ids';

/** Throws PIPELINES_*, WEIGHTS_* for a damaged source, and what the disk says. */
export const run: NodeRun<typeof saveFaceScore> = async ({ model, name, format, precision }, ctx) => {
  const { config: json, files } = componentOf(model, 'face_score');
  const config = parseBlipRewardConfig(json);
  const stored = await componentWeights(model, 'face_score', ctx);
  const count = config.text.maxTokens;
  const counted: Tensor = { dtype: 'int64', dims: [1, count], data: BigInt64Array.from({ length: count }, (_, i) => BigInt(i)) };
  // in the order of the network, as state_dict gives it
  const names = [...new BlipReward(config).parameters()].map(([parameter]) => parameter);
  const first = names.indexOf('blip.text_encoder.embeddings.word_embeddings.weight');
  const tensors = new Map<string, WrittenTensor>(
    names.toSpliced(first, 0, positions).map((parameter) => {
      const tensor = parameter === positions ? counted : stored.get(parameter)!;
      return [parameter, inPrecision(parameter, tensor, precision)];
    }),
  );
  const folder = safePath(name);
  await writeTensors(inFolder(folder, format === 'pt' ? 'FS_model.pt' : 'model.safetensors'), tensors, ctx);
  // the authors' file describes the text half alone
  await writeJson(inFolder(folder, 'vision_config' in json ? 'config.json' : 'med_config.json'), json, ctx);
  if ('vocab.txt' in files) {
    const vocabulary = await componentText(model, 'face_score', 'vocab.txt', ctx);
    await ctx.files.write(inFolder(folder, 'vocab.txt'), new TextEncoder().encode(vocabulary));
  }
  return { model };
};
