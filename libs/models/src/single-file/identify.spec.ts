// What files are taken for.
import type { Shape } from '@facewright/tensor';
import { expect, it } from 'vitest';
import { identifyTensors } from '../index.ts';
import { fileOf, modelKinds } from '../reference/single-files.ts';

const file = (names: Readonly<Record<string, Shape>>) => new Map(Object.entries(names).map(([name, shape]) => [name, { shape }]));

it.each(modelKinds)('a whole model of kind %s, whatever lies beside it', (kind) => {
  const { title, why } = identifyTensors(fileOf(kind));
  const beside = file({ 'model_ema.decay': [], betas: [1000] });
  expect(identifyTensors(new Map<string, { shape: Shape }>([...fileOf(kind), ...beside])).kind).toBe(kind);
  expect(title).toMatch(kind.endsWith('inpainting') ? /^Stable Diffusion .*, inpainting$/ : /^Stable Diffusion (1\.5|2|XL)$/);
  expect(why).toMatch(/channels and text features of width \d+/);
});

it.each<[string, string, RegExp, Readonly<Record<string, Shape>>]>([
  ['an autoencoder', 'vae', /VAE/, { 'decoder.up.0.block.0.conv1.weight': [1], 'encoder.conv_in.weight': [1] }],
  ['an autoencoder of diffusers', 'vae', /VAE/, { 'decoder.mid_block.resnets.0.conv1.weight': [1] }],
  ['an autoencoder cut out of a model', 'vae', /VAE/, { 'first_stage_model.decoder.mid.block_1.conv1.weight': [1] }],
  ['a LoRA of kohya', 'lora', /LoRA/, { 'lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight': [4, 320, 1, 1] }],
  ['a LoRA of PEFT', 'lora', /LoRA/, { 'unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.lora_A.weight': [4, 320] }],
  ['an old LoRA of diffusers', 'lora', /LoRA/, { 'unet.mid_block.attentions.0.attn1.processor.to_q_lora.down.weight': [4, 320] }],
  [
    'a LoRA of a text encoder',
    'lora',
    /LoRA/,
    { 'text_encoder.text_model.encoder.layers.0.self_attn.q_proj.lora_linear_layer.up.weight': [768, 4] },
  ],
  ['a LoHa', 'lora', /LyCORIS/, { 'lora_unet_mid_block_attentions_0_proj_in.hada_w1_a': [4, 4] }],
  ['a textual inversion of the web UI', 'embedding', /Textual inversion/, { 'string_to_param.*': [4, 768] }],
  ['a textual inversion as safetensors', 'embedding', /Textual inversion/, { emb_params: [4, 768] }],
  ['a textual inversion of diffusers', 'embedding', /Textual inversion/, { '<face>': [768] }],
  ['a textual inversion of XL', 'embedding', /XL/, { clip_g: [4, 1280], clip_l: [4, 768] }],
  ['a ControlNet', 'controlnet', /ControlNet/, { 'control_model.input_blocks.0.0.weight': [320, 4, 3, 3] }],
  [
    'a ControlNet of diffusers',
    'controlnet',
    /ControlNet/,
    { 'controlnet_cond_embedding.conv_in.weight': [16, 3, 3, 3], 'down_blocks.0.x': [1] },
  ],
  ['an upscaler', 'upscaler', /ESRGAN/, { 'model.0.weight': [64, 3, 3, 3], 'model.1.sub.0.RDB1.conv1.0.weight': [32, 64, 3, 3] }],
  ['a later upscaler', 'upscaler', /ESRGAN/, { 'params_ema.conv_first.weight': [64, 3, 3, 3] }],
  ['DINO', 'dino', /DINO/, { 'teacher.backbone.cls_token': [1, 1, 384] }],
  ['DINO in transformers', 'dino', /DINO/, { 'embeddings.cls_token': [1, 1, 384] }],
  ['a reward model', 'face-score', /FaceScore/, { 'blip.visual_encoder.cls_token': [1, 1, 1024] }],
  ['Flux', 'unknown', /Flux, which is not supported/, { 'model.diffusion_model.double_blocks.0.img_attn.qkv.weight': [1] }],
  [
    'Stable Diffusion 3',
    'unknown',
    /Stable Diffusion 3, which is not supported/,
    { 'model.diffusion_model.joint_blocks.0.x_block.attn.qkv.weight': [1] },
  ],
  ['a U-Net out of its folder', 'unknown', /folder in the diffusers layout/, { 'down_blocks.0.resnets.0.conv1.weight': [1] }],
  [
    'the refiner',
    'unknown',
    /Refiner/,
    {
      'model.diffusion_model.input_blocks.0.0.weight': [384, 4, 3, 3],
      'model.diffusion_model.input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight': [768, 1280],
    },
  ],
  ['nothing', 'unknown', /not known/, {}],
])('%s', (_, kind, title, names) => {
  const identity = identifyTensors(file(names));
  expect(identity.kind).toBe(kind);
  expect(identity.title).toMatch(title);
});
