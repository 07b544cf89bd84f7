// Models of random weights, small enough for specs, in the layouts that real ones have.
import type { Model, NodeContext } from '@facewright/core';
import {
  AutoencoderKL,
  BlipReward,
  ClipText,
  initialize,
  learnMerges,
  parseAutoencoderConfig,
  parseBlipRewardConfig,
  parseClipTextConfig,
  parseUNetConfig,
  UNet2DCondition,
  vocabularyOfMerges,
  type Json,
  type Module,
} from '@facewright/models';
import { buildModel, input, op, parameter } from '@facewright/onnx';
import { createRng } from '@facewright/tensor';
import { writeSafetensors } from '@facewright/weights';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export const tinyUNet: Json = {
  _class_name: 'UNet2DConditionModel',
  in_channels: 4,
  out_channels: 4,
  sample_size: 4,
  block_out_channels: [8, 16],
  layers_per_block: 1,
  norm_num_groups: 4,
  attention_head_dim: 2,
  cross_attention_dim: 8,
  down_block_types: ['CrossAttnDownBlock2D', 'DownBlock2D'],
  up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D'],
};
/** Pictures of 16 pixels, latents of 4. */
export const tinyVae: Json = {
  _class_name: 'AutoencoderKL',
  block_out_channels: [8, 8, 8],
  down_block_types: Array(3).fill('DownEncoderBlock2D'),
  up_block_types: Array(3).fill('UpDecoderBlock2D'),
  latent_channels: 4,
  layers_per_block: 1,
  norm_num_groups: 4,
  scaling_factor: 0.5,
};
const vocabulary = vocabularyOfMerges(learnMerges(['a face of a woman with red hair', 'a man', 'blurry'], 60));
export const tinyText: Json = {
  architectures: ['CLIPTextModel'],
  vocab_size: Object.keys(vocabulary.vocab).length,
  hidden_size: 8,
  intermediate_size: 16,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  max_position_embeddings: 12,
};
export const tinyScheduler: Json = {
  _class_name: 'DDIMScheduler',
  beta_schedule: 'scaled_linear',
  beta_start: 0.00085,
  beta_end: 0.012,
  num_train_timesteps: 1000,
  clip_sample: false,
  set_alpha_to_one: false,
  steps_offset: 1,
};
export const tinyBlip: Json = {
  text_config: {
    vocab_size: 8,
    hidden_size: 8,
    intermediate_size: 16,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    max_position_embeddings: 8,
    add_cross_attention: true,
  },
  vision_config: { image_size: 16, patch_size: 8, hidden_size: 8, intermediate_size: 16, num_hidden_layers: 1, num_attention_heads: 2 },
  head_sizes: [4],
};

async function writeJson(folder: string, name: string, json: unknown): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, name), JSON.stringify(json));
}
/** Writes config.json and a file of random weights into `folder`. */
export async function writeModule(folder: string, file: string, config: Json, module: Module, seed: number): Promise<void> {
  await writeJson(folder, 'config.json', config);
  await writeSafetensors(join(folder, file), initialize(module, createRng(seed)));
}

export interface TinyModelOptions {
  /** 9 makes an inpainting U-Net. */
  readonly inChannels?: number;
  readonly seed?: number;
}

/** Writes a model set into `folder`: the diffusers layout, and beside it face_score, face_detector (a network that finds one face in the middle of every picture) and features. */
export async function writeTinyModels(folder: string, { inChannels = 4, seed = 1 }: TinyModelOptions = {}): Promise<void> {
  const unet = { ...tinyUNet, in_channels: inChannels };
  await writeJson(folder, 'model_index.json', {
    _class_name: 'StableDiffusionPipeline',
    _diffusers_version: '0.42.1',
    unet: ['diffusers', 'UNet2DConditionModel'],
    vae: ['diffusers', 'AutoencoderKL'],
    text_encoder: ['transformers', 'CLIPTextModel'],
    tokenizer: ['transformers', 'CLIPTokenizer'],
    scheduler: ['diffusers', 'DDIMScheduler'],
    safety_checker: [null, null],
    feature_extractor: [null, null],
  });
  await writeModule(join(folder, 'unet'), 'diffusion_pytorch_model.safetensors', unet, new UNet2DCondition(parseUNetConfig(unet)), seed);
  await writeModule(
    join(folder, 'vae'),
    'diffusion_pytorch_model.safetensors',
    tinyVae,
    new AutoencoderKL(parseAutoencoderConfig(tinyVae)),
    seed + 1,
  );
  await writeModule(join(folder, 'text_encoder'), 'model.safetensors', tinyText, new ClipText(parseClipTextConfig(tinyText)), seed + 2);
  await writeJson(join(folder, 'scheduler'), 'scheduler_config.json', tinyScheduler);
  await writeJson(join(folder, 'tokenizer'), 'vocab.json', vocabulary.vocab);
  await writeFile(join(folder, 'tokenizer', 'merges.txt'), ['#version: 0.2', ...vocabulary.merges, ''].join('\n'));
  await writeJson(join(folder, 'tokenizer'), 'tokenizer_config.json', {
    pad_token: '<|endoftext|>',
    model_max_length: tinyText['max_position_embeddings'],
  });
  await writeModule(join(folder, 'face_score'), 'model.safetensors', tinyBlip, new BlipReward(parseBlipRewardConfig(tinyBlip)), seed + 3);
  await writeFile(join(folder, 'face_score', 'vocab.txt'), ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'a', 'face', '.', 'man'].join('\n'));
  await mkdir(join(folder, 'face_detector'), { recursive: true });
  await writeFile(join(folder, 'face_detector', 'face_detector.onnx'), tinyDetector());
  await mkdir(join(folder, 'features'), { recursive: true });
  await writeFile(join(folder, 'features', 'features.onnx'), tinyFeatures(seed + 4));
}

/** The outputs of YuNet for pictures of 32 pixels: one anchor of stride 16, the lower right one of four, is sure (0.9) of a face of 16 x 16 pixels about (16, 16). */
function tinyDetector(): Uint8Array {
  const [places, strides] = [
    [16, 4, 1],
    [8, 16, 32],
  ];
  const image = input('input', 'float32', [1, 3, 32, 32]);
  // a sum that is always zero ties the outputs to the picture
  const nothing = op.Mul([op.ReduceSum([image], { axes: [0, 1, 2, 3], keepdims: false }), 0]);
  const output = (kind: string, level: number, width: number) => {
    const data = new Float32Array(places[level]! * width);
    if (strides[level] === 16 && kind !== 'kps') data.set({ cls: [0.81], obj: [1], bbox: [0, 0, 0, 0] }[kind]!, 3 * width);
    return op.Add([
      parameter(`${kind}_${level}`, 'float32', [1, places[level]!, width], {
        kind: 'memory',
        tensor: { dtype: 'float32', dims: [1, places[level]!, width], data },
      }),
      nothing,
    ]);
  };
  const outputs = (
    [
      ['cls', 1],
      ['obj', 1],
      ['bbox', 4],
      ['kps', 10],
    ] as const
  ).flatMap(([kind, width]) => strides.map((stride, level) => [`${kind}_${stride}`, output(kind, level, width)] as const));
  return buildModel(Object.fromEntries(outputs)).bytes;
}

/** Four numbers of pictures of 16 pixels, linear in their mean colour. */
function tinyFeatures(seed: number): Uint8Array {
  const data = createRng(seed).normal(12);
  const colour = op.Reshape([op.ReduceMean([input('image', 'float32', [2, 3, 16, 16])], { axes: [2, 3] })], { shape: [2, 3] });
  const weight = parameter('weight', 'float32', [3, 4], { kind: 'memory', tensor: { dtype: 'float32', dims: [3, 4], data } });
  return buildModel({ features: op.MatMul([colour, weight]) }).bytes;
}

/** Handles of what writeTinyModels wrote. */
export async function tinyHandles(
  folder: string,
  ctx: NodeContext,
): Promise<{
  diffusion: Model<'diffusion'>;
  faceScore: Model<'face-score'>;
  detector: Model<'face-detector'>;
  features: Model<'features'>;
}> {
  const ref = (path: string) => ctx.files.ref(join(folder, path));
  const json = async (path: string) =>
    JSON.parse(new TextDecoder().decode(await ctx.files.read(join(folder, path)))) as Record<string, unknown>;
  const network = async (path: string) => ({ config: {}, weights: await ref(path), files: {} });
  const part = async (name: string, file: string) => ({
    config: await json(`${name}/config.json`),
    weights: await ref(`${name}/${file}`),
    files: {},
  });
  return {
    diffusion: {
      family: 'diffusion',
      architecture: 'stable-diffusion',
      name: 'tiny',
      loras: [],
      components: {
        unet: await part('unet', 'diffusion_pytorch_model.safetensors'),
        vae: await part('vae', 'diffusion_pytorch_model.safetensors'),
        text_encoder: await part('text_encoder', 'model.safetensors'),
        tokenizer: {
          config: await json('tokenizer/tokenizer_config.json'),
          weights: null,
          files: { 'vocab.json': await ref('tokenizer/vocab.json'), 'merges.txt': await ref('tokenizer/merges.txt') },
        },
        scheduler: { config: await json('scheduler/scheduler_config.json'), weights: null, files: {} },
      },
    },
    faceScore: {
      family: 'face-score',
      architecture: 'blip-reward',
      name: 'tiny',
      loras: [],
      components: {
        face_score: { ...(await part('face_score', 'model.safetensors')), files: { 'vocab.txt': await ref('face_score/vocab.txt') } },
      },
    },
    detector: {
      family: 'face-detector',
      architecture: 'onnx',
      name: 'tiny',
      loras: [],
      components: { detector: await network('face_detector/face_detector.onnx') },
    },
    features: {
      family: 'features',
      architecture: 'onnx',
      name: 'tiny',
      loras: [],
      components: { features: await network('features/features.onnx') },
    },
  };
}
