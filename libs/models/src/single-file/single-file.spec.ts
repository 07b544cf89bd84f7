// Single files of all kinds: their names against diffusers' own converter, what they are taken for, and what is said of broken ones.
import { buildModel } from '@facewright/onnx';
import { createRuntime } from '@facewright/runtime';
import { float32, int64, sizeOf, type Tensor } from '@facewright/tensor';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import texts from '../fixtures/clip-text.json' with { type: 'json' };
import names from '../fixtures/single-file-names.json' with { type: 'json' };
import {
  ClipText,
  inMemory,
  ldmUNetLayers,
  parseAutoencoderConfig,
  parseClipTextConfig,
  parseNoiseSchedule,
  parseUNetConfig,
  splitSingleFile,
  splitVaeFile,
  storedWeights,
  textGraph,
  type Json,
  type StoredTensor,
} from '../index.ts';
import { relativeError } from '../reference/fixture.ts';
import { hashedWeights } from '../reference/hashed-tensor.ts';
import { openClipPlace } from './open-clip-names.ts';
import { findPart } from './part.ts';
import { fileOf, modelKinds, partsOf } from '../reference/single-files.ts';

const message = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('nothing was thrown');
};
const stored = (shape: readonly number[]): StoredTensor => ({
  kind: 'file',
  file: 'x',
  dtype: 'float32',
  shape,
  offset: 0,
  length: 4 * sizeOf(shape),
});
const unetName = 'model.diffusion_model.time_embed.0.bias';

describe('names in single files', () => {
  it.each(names.cases)('are those that diffusers reads: $kind, $part', ({ kind, part, parameters, sha256 }) => {
    const { places } = partsOf(kind as 'sd1')[part]!;
    const pairs = places.map(({ parameter, name, third, shape }) => {
      const theirs = parameter === 'text_projection' ? 'text_projection.weight' : parameter;
      return `${theirs} ${name}${third === undefined ? '' : `[${third * shape[0]!}:]`}`;
    });
    expect(pairs.length).toBe(parameters);
    expect(createHash('sha256').update(pairs.sort().join('\n')).digest('hex')).toBe(sha256);
  });

  it('of U-Net layers are there for LoRA files that use them', () => {
    const layers = (kind: 'sd1' | 'sdxl') => ldmUNetLayers(parseUNetConfig(partsOf(kind)['unet']!.config));
    expect(layers('sd1').get('output_blocks.5.2.conv')).toBe('up_blocks.1.upsamplers.0.conv');
    expect(layers('sdxl').get('input_blocks.7.1.transformer_blocks.9.attn2.to_out.0')).toBe(
      'down_blocks.2.attentions.0.transformer_blocks.9.attn2.to_out.0',
    );
    expect(layers('sdxl').get('label_emb.0.2')).toBe('add_embedding.linear_2');
  });
});

describe('a whole file', () => {
  it.each(modelKinds)('of kind %s is split into parts whose configurations are read, and every byte is given once', (kind) => {
    const file = fileOf(kind);
    const split = splitSingleFile('a.safetensors', file);
    expect(split.kind).toBe(kind);
    expect(parseUNetConfig(split.unet.config).inChannels).toBe(kind.endsWith('inpainting') ? 9 : 4);
    expect(parseAutoencoderConfig(split.vae!.config).scalingFactor).toBe(kind.startsWith('sdxl') ? 0.13025 : 0.18215);
    const widths = [split.text, split.text2].map((text) => text && parseClipTextConfig(text.config).width);
    expect(widths).toEqual(kind.startsWith('sdxl') ? [768, 1280] : [kind.startsWith('sd2') ? 1024 : 768, null]);
    const all = [split.unet, split.vae, split.text, split.text2].flatMap((part) => [...(part?.tensors.values() ?? [])]);
    const ranges = all.map((tensor) => (tensor.kind === 'file' ? ([tensor.offset, tensor.length] as const) : ([0, 0] as const)));
    ranges.sort(([a], [b]) => a - b);
    let end = 0;
    for (const [offset, length] of ranges) {
      expect(offset).toBe(end);
      end += length;
    }
    expect(end).toBe([...file.values()].reduce((sum, { shape }) => sum + 2 * sizeOf(shape), 0));
    const guessed = kind === 'sd2';
    expect([parseNoiseSchedule(split.scheduler).prediction, split.predictionGuessed]).toEqual([
      guessed ? 'v_prediction' : 'epsilon',
      guessed,
    ]);
  });

  it('keeps the query, the key and the value of OpenCLIP as thirds of their matrix', () => {
    const file = fileOf('sdxl');
    const fused = file.get('conditioner.embedders.1.model.transformer.resblocks.3.attn.in_proj_bias')!;
    const { tensors } = splitSingleFile('a.safetensors', file).text2!;
    const at = (name: string) => tensors.get(`text_model.encoder.layers.3.self_attn.${name}.bias`);
    const start = fused.kind === 'file' ? fused.offset : Number.NaN;
    expect(['q_proj', 'k_proj', 'v_proj'].map(at)).toEqual(
      [0, 1, 2].map((third) => ({ ...fused, shape: [1280], offset: start + third * 2560, length: 2560 })),
    );
  });

  it('may lack the autoencoder and the text encoders', () => {
    const file = new Map([...fileOf('sdxl')].filter(([name]) => name.startsWith('model.diffusion_model.')));
    expect(splitSingleFile('unet.safetensors', file)).toMatchObject({ kind: 'sdxl', vae: null, text: null, text2: null });
  });

  it('may hold averages, constants and what other programs store beside the weights', () => {
    const file = fileOf('sd2');
    for (const name of [
      'model_ema.diffusion_modeltime_embed0weight',
      'betas',
      'alphas_cumprod',
      'cond_stage_model.model.logit_scale',
      'cond_stage_model.model.text_projection',
      'cond_stage_model.model.attn_mask',
      'cond_stage_model.model.transformer.resblocks.23.ln_1.weight',
      'first_stage_model.loss.logvar',
    ])
      file.set(name, stored([1]));
    expect(splitSingleFile('a.safetensors', file).kind).toBe('sd2');
    const first = fileOf('sd1');
    first.set('cond_stage_model.transformer.text_model.embeddings.position_ids', stored([1, 77]));
    expect(splitSingleFile('a.safetensors', first).kind).toBe('sd1');
  });

  it('may leave text_model out of its names, and call the autoencoder vae', () => {
    const file = new Map(
      [...fileOf('sd1')].map(([name, tensor]) => [name.replace('.text_model.', '.').replace('first_stage_model.', 'vae.'), tensor]),
    );
    const { text, vae } = splitSingleFile('a.safetensors', file);
    expect([text?.tensors.size, vae?.tensors.size]).toEqual([196, 248]);
  });

  it('may say that it predicts the velocity, and that it starts from pure noise', () => {
    const file = fileOf('sdxl').set('v_pred', stored([0]));
    const { scheduler, predictionGuessed } = splitSingleFile('a.safetensors', file);
    expect([scheduler['prediction_type'], predictionGuessed]).toEqual(['v_prediction', false]);
    const zero = splitSingleFile('a.safetensors', file.set('ztsnr', stored([0]))).scheduler;
    expect(parseNoiseSchedule(zero)).toMatchObject({ prediction: 'v_prediction', spacing: 'trailing' });
    expect(parseNoiseSchedule(zero).alphasCumprod.at(-1)).toBeCloseTo(0, 12);
  });

  it('that is broken is told with what it was taken for, the first names of each part, and how many more', () => {
    const file = fileOf('sdxl');
    for (const name of [...file.keys()].filter((key) => key.startsWith('model.diffusion_model.output_blocks.0.'))) file.delete(name);
    file.delete('conditioner.embedders.1.model.transformer.resblocks.3.attn.in_proj_weight');
    file.set('model.diffusion_model.stranger', stored([1]));
    file.set('first_stage_model.decoder.conv_out.bias', stored([7]));
    const words = message(() => splitSingleFile('broken.safetensors', file));
    for (const part of [
      'broken.safetensors, taken for Stable Diffusion XL because its U-Net takes 4 channels and text features of width 2048: expected',
      'U-Net, missing: model.diffusion_model.output_blocks.0.0.in_layers.0.weight',
      'U-Net, unexpected: model.diffusion_model.stranger',
      'VAE, misshapen: first_stage_model.decoder.conv_out.bias is [7], expected [3]',
      'text encoder 2, missing: conditioner.embedders.1.model.transformer.resblocks.3.attn.in_proj_weight',
    ])
      expect(words).toContain(part);
    expect(words).toMatch(/U-Net, missing: \d+ more/);
    expect(words.split('\n').length).toBeLessThan(20);
    expect(words.match(/in_proj_weight/g)).toHaveLength(1);
  });

  it('tells a fused matrix of another size by the size in the file', () => {
    const name = 'cond_stage_model.model.transformer.resblocks.0.attn.in_proj_bias';
    const file = fileOf('sd2').set(name, stored([3073]));
    expect(message(() => splitSingleFile('a.safetensors', file))).toContain(`${name} is [3073], expected [3072]`);
  });

  it('of a kind that is not supported is told so', () => {
    const file = fileOf('sd1');
    const first = 'model.diffusion_model.input_blocks.0.0.weight';
    file.set(first, stored([320, 8, 3, 3]));
    expect(message(() => splitSingleFile('a.safetensors', file))).toMatch(
      /8 input channels \(edited by instructions\), which is not supported/,
    );
    expect(message(() => splitSingleFile('a.safetensors', new Map([[unetName, stored([1280])]])))).toContain(
      'a file of a kind that is not known',
    );
  });
});

describe('a file of an autoencoder', () => {
  const vae = [...fileOf('sd1')].filter(([name]) => name.startsWith('first_stage_model.'));
  const bare = new Map(vae.map(([name, tensor]) => [name.slice('first_stage_model.'.length), tensor]));
  const modern = splitVaeFile('vae.safetensors', bare).tensors;
  const old = { to_q: 'query', to_k: 'key', to_v: 'value', 'to_out.0': 'proj_attn' } as const;

  it.each([
    ['with the prefix of a whole file', new Map(vae)],
    ['without', bare],
    ['in the names of diffusers', new Map(modern)],
    [
      'in the old names of diffusers',
      new Map([...modern].map(([name, tensor]) => [name.replace(/to_[qkv]|to_out\.0/, (part) => old[part as keyof typeof old]), tensor])),
    ],
  ])('is read %s', (_, file) => {
    const { tensors, config } = splitVaeFile('vae.safetensors', file);
    expect([...tensors.keys()].sort()).toEqual([...modern.keys()].sort());
    expect(tensors.get('decoder.mid_block.attentions.0.to_q.weight')?.shape).toEqual([512, 512]);
    expect(parseAutoencoderConfig(config).latentChannels).toBe(4);
  });
  it('is read with attention stored as 1x1 convolutions', () => {
    const name = 'decoder.mid.attn_1.q.weight';
    const { tensors } = splitVaeFile('vae.safetensors', new Map([...bare, [name, { ...bare.get(name)!, shape: [512, 512, 1, 1] }]]));
    expect(tensors.get('decoder.mid_block.attentions.0.to_q.weight')?.shape).toEqual([512, 512]);
  });
  it('is refused with what is wrong in it, or for being something else', () => {
    expect(
      message(() => splitVaeFile('vae.safetensors', new Map([...bare, ['decoder.conv_in.weight', stored([512, 16, 3, 3])]]))),
    ).toContain('misshapen: decoder.conv_in.weight is [512, 16, 3, 3], expected [512, 4, 3, 3]');
    expect(message(() => splitVaeFile('vae.safetensors', new Map([['model.0.weight', stored([1])]])))).toMatch(
      /expected the autoencoder \(VAE\) of a Stable Diffusion model, got 1 tensors of another kind, first model\.0\.weight/,
    );
  });
});

it('weights in the layout of OpenCLIP give what transformers computes from its own', async () => {
  const {
    config: json,
    input_ids: rows,
    pool_index: index,
    ...reference
  } = texts.cases.find(({ name }) => name.startsWith('gelu and projection'))!;
  const theirs = hashedWeights(new ClipText(parseClipTextConfig(json)));
  const config = parseClipTextConfig({ ...(json as Json), text_projection_layout: 'matrix' });
  const module = new ClipText(config);
  const file = new Map<string, Tensor>();
  for (const [name, { shape }] of module.parameters()) {
    const { name: there, third } = openClipPlace(name);
    if (third === undefined)
      file.set(there, name === 'text_projection' ? turned(theirs.get('text_projection.weight')!) : theirs.get(name)!);
    else {
      const whole = (file.get(there) ??
        float32([3 * shape[0]!, ...shape.slice(1)], new Float32Array(3 * sizeOf(shape)))) as Tensor<'float32'>;
      whole.data.set(theirs.get(name)!.data, third * sizeOf(shape));
      file.set(there, whole);
    }
  }
  const found = findPart(inMemory(file), { module, place: openClipPlace, owns: () => true, harmless: () => false })!;
  expect(found.differences).toEqual({ missing: [], misshapen: [], unexpected: [] });
  const graph = textGraph(config, { batch: 2, tokens: 9 }, storedWeights(found.tensors), { pooled: true });
  const runtime = await createRuntime({ provider: 'cpu' });
  const session = await runtime.open(buildModel({ ...graph }));
  const { hidden, pooled } = await session.run({ input_ids: int64([2, 9], rows.flat()), pool_index: int64([2], index) });
  await session.release();
  expect(relativeError(hidden, reference.last_hidden_state)).toBeLessThan(5e-6);
  expect(relativeError(pooled, reference.pooled)).toBeLessThan(5e-6);
});

/** [a, b] to [b, a]. */
function turned({ dims, data }: Tensor<'float32'>): Tensor<'float32'> {
  const [rows = 0, columns = 0] = dims;
  return float32(
    [columns, rows],
    data.map((_, i) => data[(i % rows) * columns + Math.floor(i / rows)]!),
  );
}
