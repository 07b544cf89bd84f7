// Models of random weights, small enough for specs, in the layouts that real ones have.
import type { Model, NodeContext } from '@facewright/core';
import {
  AutoencoderKL,
  BlipReward,
  ClipText,
  initialize,
  parseAutoencoderConfig,
  parseBlipRewardConfig,
  parseClipTextConfig,
  parseUNetConfig,
  UNet2DCondition,
  VisionTransformer,
  type Json,
  type Module,
} from '@facewright/models';
import { buildModel, input, op, parameter } from '@facewright/onnx';
import { createRng } from '@facewright/tensor';
import { writeSafetensors } from '@facewright/weights';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tinyLayouts, vocabulary, type TinyKind } from './tiny-kinds.ts';

export { tinyScheduler, tinyText, tinyUNet, tinyVae, type TinyKind } from './tiny-kinds.ts';

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

export const tinyDino: Json = {
  model_type: 'vit',
  image_size: 16,
  patch_size: 8,
  hidden_size: 8,
  intermediate_size: 16,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  layer_norm_eps: 1e-6,
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
  /** Default: 'sd1'. */
  readonly kind?: TinyKind;
  readonly seed?: number;
}

/** Writes a model set into `folder`: the diffusers layout, and beside it face_score, face_detector (a network that finds one face in the middle of every picture), features and dino. */
export async function writeTinyModels(folder: string, { inChannels = 4, kind = 'sd1', seed = 1 }: TinyModelOptions = {}): Promise<void> {
  const { pipeline, index, vae, texts, tokenizers, scheduler, ...rest } = tinyLayouts[kind];
  const unet = { ...rest.unet, in_channels: inChannels };
  await writeJson(folder, 'model_index.json', {
    _class_name: pipeline,
    _diffusers_version: '0.42.1',
    unet: ['diffusers', 'UNet2DConditionModel'],
    vae: ['diffusers', 'AutoencoderKL'],
    ...Object.fromEntries(texts.map(({ part, config }) => [part, ['transformers', (config['architectures'] as string[])[0]]])),
    ...Object.fromEntries(tokenizers.map(({ part }) => [part, ['transformers', 'CLIPTokenizer']])),
    scheduler: ['diffusers', scheduler['_class_name']],
    ...index,
  });
  await writeModule(join(folder, 'unet'), 'diffusion_pytorch_model.safetensors', unet, new UNet2DCondition(parseUNetConfig(unet)), seed);
  await writeModule(
    join(folder, 'vae'),
    'diffusion_pytorch_model.safetensors',
    vae,
    new AutoencoderKL(parseAutoencoderConfig(vae)),
    seed + 1,
  );
  for (const [i, { part, config }] of texts.entries())
    await writeModule(join(folder, part), 'model.safetensors', config, new ClipText(parseClipTextConfig(config)), seed + 2 + 10 * i);
  await writeJson(join(folder, 'scheduler'), 'scheduler_config.json', scheduler);
  for (const { part, pad } of tokenizers) {
    await writeJson(join(folder, part), 'vocab.json', vocabulary.vocab);
    await writeFile(join(folder, part, 'merges.txt'), ['#version: 0.2', ...vocabulary.merges, ''].join('\n'));
    await writeJson(join(folder, part), 'tokenizer_config.json', { pad_token: pad, model_max_length: 12 });
  }
  await writeModule(join(folder, 'face_score'), 'model.safetensors', tinyBlip, new BlipReward(parseBlipRewardConfig(tinyBlip)), seed + 3);
  await writeFile(join(folder, 'face_score', 'vocab.txt'), ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'a', 'face', '.', 'man'].join('\n'));
  await mkdir(join(folder, 'face_detector'), { recursive: true });
  await writeFile(join(folder, 'face_detector', 'face_detector.onnx'), tinyDetector());
  const dino = { imageSize: 16, patchSize: 8, width: 8, mlpWidth: 16, layers: 1, heads: 2, normEpsilon: 1e-6 };
  await writeModule(join(folder, 'dino'), 'model.safetensors', tinyDino, new VisionTransformer(dino), seed + 5);
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
  dino: Model<'dino'>;
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
  const dual = (await ctx.files.exists(join(folder, 'text_encoder_2'))) === 'folder';
  const tokenizer = async (name: string) => ({
    config: await json(`${name}/tokenizer_config.json`),
    weights: null,
    files: { 'vocab.json': await ref(`${name}/vocab.json`), 'merges.txt': await ref(`${name}/merges.txt`) },
  });
  return {
    diffusion: {
      family: 'diffusion',
      architecture: dual ? 'stable-diffusion-xl' : 'stable-diffusion',
      name: 'tiny',
      loras: [],
      components: {
        unet: await part('unet', 'diffusion_pytorch_model.safetensors'),
        vae: await part('vae', 'diffusion_pytorch_model.safetensors'),
        text_encoder: await part('text_encoder', 'model.safetensors'),
        tokenizer: await tokenizer('tokenizer'),
        ...(dual && { text_encoder_2: await part('text_encoder_2', 'model.safetensors'), tokenizer_2: await tokenizer('tokenizer_2') }),
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
    dino: {
      family: 'dino',
      architecture: 'vision-transformer',
      name: 'tiny',
      loras: [],
      components: { dino: await part('dino', 'model.safetensors') },
    },
  };
}
