import type { NodeContext } from '@facewright/core';
import { ldmAutoencoderName } from '@facewright/models';
import { fileOf, modelKinds } from '@facewright/models/testing/single-files';
import { openDiffusion } from '@facewright/pipelines';
import { createRuntime } from '@facewright/runtime';
import { createFakeContext, type FakeContext } from '@facewright/testing';
import type { Shape } from '@facewright/tensor';
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { run } from './load-diffusion.ts';
import { run as loadLora } from './load-lora.ts';
import { writeHoles } from './testing/write-holes.ts';
import { writeTorchZip } from '@facewright/weights/testing/write-torch-zip';

const runtime = await createRuntime({ provider: 'null' });
const fake = createFakeContext({ openSession: runtime.open, provider: 'null' });
// Files of full size are holes: nothing may read them whole, and the real context does not.
const ctx: NodeContext & Pick<FakeContext, 'said' | 'folder' | 'close'> = {
  ...fake,
  files: {
    ...fake.files,
    ref: async (path) => ({ path, bytes: (await stat(path)).size, digest: `sha256:${createHash('sha256').update(path).digest('hex')}` }),
  },
};
afterAll(() => ctx.close());

type Shapes = Map<string, Shape>;
const shapesOf = (kind: Parameters<typeof fileOf>[0]): Shapes => new Map([...fileOf(kind)].map(([name, { shape }]) => [name, shape]));
const place = (name: string) => join(ctx.folder(), name);
const open = async (path: string, more: Partial<Parameters<typeof run>[0]> = {}) =>
  (await run({ path, vae: undefined, prediction: 'auto', ...more }, ctx)).model;
const isVae = (name: string) => name.startsWith('first_stage_model.');

describe('a single file of full size', () => {
  it.each(modelKinds.flatMap((kind) => (['float32', 'float16', 'bfloat16'] as const).map((dtype) => [kind, dtype] as const)))(
    'of kind %s in %s has all components, and the vocabulary of CLIP',
    async (kind, dtype) => {
      const path = place(`${kind}-${dtype}.safetensors`);
      await writeHoles(path, shapesOf(kind), dtype);
      const handle = await open(path);
      const dual = kind.startsWith('sdxl');
      expect(Object.keys(handle.components).sort()).toEqual(
        [
          'scheduler',
          'text_encoder',
          ...(dual ? ['text_encoder_2'] : []),
          'tokenizer',
          ...(dual ? ['tokenizer_2'] : []),
          'unet',
          'vae',
        ].sort(),
      );
      expect(handle.name).toBe(`${kind}-${dtype}`);
      const model = await openDiffusion(handle, ctx, { batch: 2 });
      expect([model.stride, model.unet.inChannels]).toEqual([8, kind.endsWith('inpainting') ? 9 : 4]);
      expect(model.schedule.prediction).toBe(kind === 'sd2' ? 'v_prediction' : 'epsilon');
      const { text, pooled } = await model.encodePrompts(['a portrait of an old fisherman']);
      expect([text.dims, pooled?.dims ?? null]).toEqual([
        [1, 77, { sd1: 768, sd2: 1024, sdxl: 2048 }[kind.replace('-inpainting', '') as 'sd1' | 'sd2' | 'sdxl']],
        dual ? [1, 1280] : null,
      ]);
    },
    20_000,
  );
  it('saved by PyTorch under state_dict, with what trainers leave in it, is the same', async () => {
    const path = place('trained.ckpt');
    const tensors = new Map([...shapesOf('sd1')].map(([name, shape]) => [name, { dtype: 'float16' as const, shape }]));
    tensors.set('model_ema.decay', { dtype: 'float16', shape: [1] });
    tensors.set('model_ema.diffusion_modelinput_blocks00weight', { dtype: 'float16', shape: [320, 4, 3, 3] });
    tensors.set('betas', { dtype: 'float16', shape: [1000] });
    await writeTorchZip(path, tensors, { under: 'state_dict' });
    const handle = await open(path);
    const model = await openDiffusion(handle, ctx, { batch: 1 });
    expect((await model.encodePrompts(['a face'])).text.dims).toEqual([1, 77, 768]);
    expect((await model.decodeLatents({ dtype: 'float32', dims: [1, 4, 8, 8], data: new Float32Array(256) }))[0]).toMatchObject({
      width: 64,
    });
  });
});

describe('a single file without an autoencoder', () => {
  it('says how to go on, and opens with a VAE file under the names of diffusers or of Stable Diffusion', async () => {
    const shapes = shapesOf('sdxl');
    const path = place('noVAE.safetensors');
    await writeHoles(
      path,
      [...shapes].filter(([name]) => !isVae(name)),
      'float16',
    );
    await expect(open(path)).rejects.toMatchObject({
      code: 'LOADER_NO_PART',
      message: `${path}: expected a whole checkpoint, got one without an autoencoder (VAE): name a VAE file in the field vae`,
    });
    const vae = place('vae.safetensors');
    for (const bare of [true, false]) {
      const own = [...shapes]
        .filter(([name]) => isVae(name))
        .map(([name, shape]) => [bare ? name.slice('first_stage_model.'.length) : name, shape] as const);
      await writeHoles(vae, own, 'float32');
      const handle = await open(path, { vae });
      expect(handle.components['vae']!.weights).toMatchObject({ path: vae });
      const model = await openDiffusion(handle, ctx, { batch: 1 });
      expect(model.vae.scalingFactor).toBe(0.13025);
      expect((await model.decodeLatents({ dtype: 'float32', dims: [1, 4, 8, 8], data: new Float32Array(256) }))[0]).toMatchObject({
        width: 64,
      });
    }
    await writeHoles(vae, [['lora_unet_mid_block.lora_down.weight', [4, 320]]], 'float32');
    await expect(open(path, { vae })).rejects.toThrow(`${vae}: expected the autoencoder (VAE) of a Stable Diffusion model, got 1 tensors`);
  });
});

describe("a LoRA of kohya's trainer at full size", () => {
  const factors = (layers: Readonly<Record<string, readonly [inputs: number, outputs: number]>>) =>
    Object.entries(layers).flatMap(([layer, [inputs, outputs]]): [string, Shape][] => [
      [`lora_${layer}.lora_down.weight`, [4, inputs]],
      [`lora_${layer}.lora_up.weight`, [outputs, 4]],
      [`lora_${layer}.alpha`, []],
    ]);
  const xl = factors({
    unet_input_blocks_4_1_transformer_blocks_1_attn2_to_k: [2048, 640],
    unet_input_blocks_8_1_transformer_blocks_9_ff_net_0_proj: [1280, 10240],
    unet_middle_block_1_proj_in: [1280, 1280],
    unet_output_blocks_5_1_transformer_blocks_0_attn1_to_out_0: [640, 640],
    te1_text_model_encoder_layers_11_self_attn_v_proj: [768, 768],
    te2_text_model_encoder_layers_31_mlp_fc2: [5120, 1280],
  });
  const one = factors({
    unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k: [768, 640],
    te_text_model_encoder_layers_11_self_attn_v_proj: [768, 768],
  });
  it.each([
    ['sdxl', xl, one, 'a LoRA for Stable Diffusion 1.x: its text features have width 768, those of this model 2048'],
    ['sd1', one, xl, 'a LoRA for SDXL: its text features have width 2048, those of this model 768'],
  ] as const)('of kind %s is taken, that of another kind refused by its name', async (kind, own, foreign, words) => {
    const path = place(`lora-${kind}.safetensors`);
    await writeHoles(path, shapesOf(kind), 'float16');
    const model = await open(path);
    const [fits, not] = [place(`fits-${kind}.safetensors`), place(`not-${kind}.safetensors`)];
    await writeHoles(fits, own, 'float16');
    await writeHoles(not, foreign, 'float16');
    const added = await loadLora({ model, path: fits, strength: 1, textStrength: undefined }, ctx);
    const opened = await openDiffusion(added.model, ctx, { batch: 1 });
    expect((await opened.encodePrompts(['a face'])).text.dims[1]).toBe(77);
    await expect(loadLora({ model, path: not, strength: 1, textStrength: undefined }, ctx)).rejects.toThrow(words);
  });
});

describe('a single file that is not whole', () => {
  it('is refused with the names that the file lacks', async () => {
    const shapes = shapesOf('sd1');
    const gone = [
      'model.diffusion_model.out.2.weight',
      `first_stage_model.${ldmAutoencoderName('decoder.conv_in.bias', (await openAny()).vae)}`,
    ];
    for (const name of gone) expect(shapes.delete(name)).toBe(true);
    const path = place('holes.safetensors');
    await writeHoles(path, shapes, 'float16');
    const message = await open(path).then(String, (error: Error) => error.message);
    expect(message).toContain(path);
    for (const name of gone) expect(message).toContain(`missing: ${name}`);
  });
  it('or is no model of a known kind says what it is', async () => {
    const path = place('flux.safetensors');
    await writeHoles(path, [['double_blocks.0.img_attn.qkv.weight', [9216, 3072]]], 'bfloat16');
    await expect(open(path)).rejects.toThrow(/flux\.safetensors: expected .*Flux, which is not supported/s);
    const text = place('noText.safetensors');
    await writeHoles(
      text,
      [...shapesOf('sd1')].filter(([name]) => !name.startsWith('cond_stage_model.')),
      'float16',
    );
    await expect(open(text)).rejects.toThrow(`${text}: expected a whole checkpoint, got one without a text encoder`);
  });
});
const openAny = async () => openDiffusion(await open(place('sd1-float16.safetensors')), ctx, { batch: 1 });
