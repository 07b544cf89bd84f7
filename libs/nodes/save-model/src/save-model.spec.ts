// What is saved is what was there: the same scores, the same noise predictions, and the names that other programs look for.
import type { Model } from '@facewright/core';
import {
  BlipReward,
  ClipText,
  lowRankShapes,
  parseBlipRewardConfig,
  parseClipTextConfig,
  parseUNetConfig,
  singleFilePlaces,
  UNet2DCondition,
} from '@facewright/models';
import type { Module } from '@facewright/models';
import { componentTensors, componentWeights, openDiffusion, openFaceScore } from '@facewright/pipelines';
import { tinyBlip, tinyHandles, writeTinyModels, type TinyKind } from '@facewright/pipelines/testing';
import { createRuntime } from '@facewright/runtime';
import { createFakeContext } from '@facewright/testing';
import { createRng, float32, sizeOf, toFloat32 } from '@facewright/tensor';
import type { ImageBuffer, Tensor } from '@facewright/tensor';
import { loraContent, openTensorFile, readTensors, safetensorsBytes } from '@facewright/weights';
import type { LoraTensors } from '@facewright/weights';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run as saveDiffusion } from './save-diffusion.ts';
import { run as saveFaceScore } from './save-face-score.ts';
import { run as saveLora } from './save-lora.ts';

const runtime = await createRuntime({ provider: 'cpu' });
const ctx = createFakeContext({ openSession: runtime.open });
const kinds: readonly TinyKind[] = ['sd1', 'sd2', 'sdxl'];
const handles = new Map<TinyKind, Awaited<ReturnType<typeof tinyHandles>>>();
beforeAll(async () => {
  for (const kind of kinds) {
    const folder = join(ctx.folder(), kind);
    await writeTinyModels(folder, { kind });
    handles.set(kind, await tinyHandles(folder, ctx));
  }
});
afterAll(async () => {
  await ctx.close();
  await runtime.dispose();
});
const written = (name: string) => join(ctx.folder(), name);
const furthest = (a: Float32Array, b: Float32Array) => Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));

describe('saving a face score', () => {
  const faces: ImageBuffer[] = [1, 2, 3].map((seed) => ({
    width: 20,
    height: 16,
    channels: 3,
    data: Uint8Array.from({ length: 960 }, (_, i) => (i * 7 + seed * 31) % 256),
  }));
  const scores = async (model: Model<'face-score'>) => (await openFaceScore(model, ctx)).score(faces, 'a face.');
  const reopened = async (model: Model<'face-score'>, file: string): Promise<Model<'face-score'>> => ({
    ...model,
    components: { face_score: { ...model.components['face_score']!, weights: await ctx.files.ref(written(file)) } },
  });

  it.each([
    ['pt', 'own/a/FS_model.pt', 'torch-zip'],
    ['safetensors', 'own/a/model.safetensors', 'safetensors'],
  ] as const)('gives equal scores when it is opened again: %s', async (format, file, kind) => {
    const model = handles.get('sd1')!.faceScore;
    expect((await saveFaceScore({ model, name: 'own/a', format, precision: 'as it is' }, ctx)).model).toBe(model);
    expect((await openTensorFile(written(file))).format).toBe(kind);
    expect(await scores(await reopened(model, file))).toEqual(await scores(model));
    expect([...ctx.written.keys()]).toEqual(expect.arrayContaining([file, 'own/a/config.json', 'own/a/vocab.txt']));
    expect(JSON.parse(new TextDecoder().decode(ctx.written.get('own/a/config.json')))).toEqual(tinyBlip);
  });
  it('has the keys of the authors, positions among them, in the order of the network', async () => {
    const model = handles.get('sd1')!.faceScore;
    await saveFaceScore({ model, name: 'keys', format: 'pt', precision: 'float16' }, ctx);
    const { tensors } = await openTensorFile(written('keys/FS_model.pt'));
    const names = [...new BlipReward(parseBlipRewardConfig(tinyBlip)).parameters()].map(([name]) => name);
    const positions = 'blip.text_encoder.embeddings.position_ids';
    expect([...tensors.keys()].filter((name) => name !== positions)).toEqual(names);
    expect((await readTensors(tensors)).get(positions)).toEqual({
      dtype: 'int64',
      dims: [1, 8],
      data: BigInt64Array.of(0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n),
    });
    for (const [name, { dtype }] of tensors) expect(dtype, name).toBe(name === positions ? 'int64' : 'float16');
    // half floats have 11 bits
    const [half, whole] = [await scores(await reopened(model, 'keys/FS_model.pt')), await scores(model)];
    half.forEach((score, i) => expect(Math.abs(score - whole[i]!)).toBeLessThan(2e-3 * Math.max(1, Math.abs(whole[i]!))));
  });
});

/** Random factors for linear layers and convolutions of every part, of two ranks and alphas. */
async function withLora(kind: TinyKind): Promise<Model<'diffusion'>> {
  const { diffusion } = handles.get(kind)!;
  const rng = createRng(5);
  const factors = (module: Module, targets: RegExp) =>
    new Map(
      [...module.parameters()]
        .filter(([name]) => targets.test(name))
        .map(([name, parameter], i): [string, LoraTensors] => {
          const { down, up } = lowRankShapes(parameter, 2 + (i % 2));
          const normal = (shape: readonly number[]) =>
            float32(
              shape,
              rng.normal(sizeOf(shape)).map((value) => value * 0.2),
            );
          return [name, { down: normal(down), up: normal(up), alpha: 3 + (i % 2) }];
        }),
    );
  const config = (part: string) => diffusion.components[part]?.config;
  const text = (part: string) =>
    config(part) ? factors(new ClipText(parseClipTextConfig(config(part)!)), /(q_proj|fc1)\.weight$/) : new Map<string, LoraTensors>();
  const { tensors, metadata } = loraContent({
    unet: factors(new UNet2DCondition(parseUNetConfig(config('unet')!)), /(to_q|to_out\.0|proj_in|ff\.net\.2|conv1|conv_in)\.weight$/),
    text_encoder: text('text_encoder'),
    text_encoder_2: text('text_encoder_2'),
  });
  const weights = { asset: await ctx.assets.write(safetensorsBytes(tensors, metadata), 'application/x-safetensors') };
  return { ...diffusion, loras: [{ name: 'trained', weights, strength: 0.8 }] };
}
/** A noise prediction for two prompts: every part of the model has a say in it. */
async function predicted(model: Model<'diffusion'>): Promise<Float32Array> {
  const opened = await openDiffusion(model, ctx, { batch: 2 });
  const conditioning = await opened.encodePrompts(['a face', 'a man']);
  const latents = float32([2, 4, 4, 4], createRng(3).normal(128));
  return (await opened.predict({ latents, timestep: 500, conditioning })).data;
}

describe.each(kinds)('saving a LoRA of %s', (kind) => {
  it('gives equal noise predictions when it is loaded again, in either naming', async () => {
    const model = await withLora(kind);
    const before = await predicted(model);
    expect(furthest(before, await predicted({ ...model, loras: [] }))).toBeGreaterThan(1e-2);
    for (const [naming, file] of [
      ['kohya', `${kind}.safetensors`],
      ['diffusers', `${kind}/pytorch_lora_weights.safetensors`],
    ] as const) {
      await saveLora({ model, name: kind, naming, precision: 'as it is' }, ctx);
      const loras = [{ name: 'saved', weights: await ctx.files.ref(written(file)), strength: 0.8 }];
      // the same factors and scales, so the same numbers
      expect(await predicted({ ...model, loras }), naming).toEqual(before);
    }
  });
  it('names tensors and metadata as sd-scripts does', async () => {
    await saveLora({ model: await withLora(kind), name: 'kohya', naming: 'kohya', precision: 'float16' }, ctx);
    const { tensors, metadata } = await openTensorFile(written('kohya.safetensors'));
    const layers = [...new Set([...tensors.keys()].map((name) => name.split('.')[0]!))];
    for (const layer of layers)
      expect([...tensors.keys()].filter((name) => name.startsWith(`${layer}.`)).sort()).toEqual(
        ['alpha', 'lora_down.weight', 'lora_up.weight'].map((end) => `${layer}.${end}`),
      );
    const [unet, first, second] = {
      sd1: ['lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q', 'lora_te_', null],
      sd2: ['lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q', 'lora_te_', null],
      sdxl: ['lora_unet_input_blocks_3_1_transformer_blocks_0_attn1_to_q', 'lora_te1_', 'lora_te2_'],
    }[kind] as [string, string, string | null];
    expect(layers).toContain(unet);
    expect(layers).toContain(`${first}text_model_encoder_layers_0_self_attn_q_proj`);
    expect(layers.some((layer) => layer.startsWith(`${second ?? 'lora_te2_'}text_model`))).toBe(second !== null);
    expect(tensors.get(`${unet}.lora_down.weight`)).toMatchObject({ dtype: 'float16', shape: [expect.any(Number), expect.any(Number)] });
    expect(metadata).toMatchObject({
      ss_network_module: 'networks.lora',
      ss_base_model_version: { sd1: 'sd_v1', sd2: 'sd_v2', sdxl: 'sdxl_base_v1-0' }[kind],
      ss_v2: kind === 'sd2' ? 'True' : 'False',
    });
    expect(['2', '3']).toContain(metadata['ss_network_dim']);
    const bytes = ctx.written.get('kohya.safetensors')!;
    const start = 8 + Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
    expect(metadata['sshs_model_hash']).toBe(createHash('sha256').update(bytes.subarray(start)).digest('hex'));
  });
});

describe('saving a diffusion model', () => {
  it.each(kinds)('puts every weight where a single file of its kind has it, LoRAs merged in: %s', async (kind) => {
    const model = await withLora(kind);
    const { diffusion } = handles.get(kind)!;
    await saveDiffusion({ model: diffusion, name: 'whole', format: 'checkpoint', precision: 'as it is' }, ctx);
    await saveDiffusion({ model, name: 'merged', format: 'checkpoint', precision: 'as it is' }, ctx);
    const read = async (name: string) => readTensors((await openTensorFile(written(`${name}.safetensors`))).tensors);
    const [whole, merged] = [await read('whole'), await read('merged')];
    const configs = Object.fromEntries(
      ['unet', 'vae', 'text_encoder', 'text_encoder_2'].flatMap((part) =>
        part in diffusion.components ? [[part, diffusion.components[part]!.config]] : [],
      ),
    );
    const places = singleFilePlaces(configs);
    expect([...whole.keys()].filter((name) => name !== 'v_pred').sort()).toEqual(places.map(({ name }) => name).sort());
    expect(whole.has('v_pred')).toBe(kind === 'sd2');
    const stored = new Map<string, Map<string, Tensor>>();
    for (const part of Object.keys(configs)) stored.set(part, await componentTensors(diffusion, part, ctx));
    let changed = 0;
    for (const { name, shape, part, parameters, transposed } of places) {
      expect(whole.get(name)!.dims, name).toEqual(shape);
      const rows = parameters.flatMap((parameter) => [...toFloat32(name, stored.get(part)!.get(parameter)!).data]);
      const [first = 0, second = 1] = shape;
      const want = transposed ? rows.map((_, i) => rows[(i % second) * first + Math.floor(i / second)]!) : rows;
      expect(String(whole.get(name)!.data), name).toBe(String(Float32Array.from(want)));
      if (String(merged.get(name)!.data) !== String(whole.get(name)!.data)) changed++;
    }
    expect(changed).toBeGreaterThan(5);
    // tiny models have none of the sizes by which a checkpoint is known
    expect(ctx.said.logs.filter(({ level }) => level === 'warn').at(-1)?.message).toMatch(
      /^the checkpoint will not be known again.*text features of width/,
    );
  });
  it.each(kinds)('writes a U-Net for diffusers that predicts what base and LoRA did together: %s', async (kind) => {
    const model = await withLora(kind);
    await saveDiffusion({ model, name: `d-${kind}`, format: 'diffusers U-Net', precision: 'float32' }, ctx);
    const unet = {
      ...model.components['unet']!,
      weights: await ctx.files.ref(written(`d-${kind}/unet/diffusion_pytorch_model.safetensors`)),
    };
    expect(JSON.parse(new TextDecoder().decode(ctx.written.get(`d-${kind}/unet/config.json`)))).toEqual(unet.config);
    // the part of the LoRA for the text encoders stays one
    const tensors = await readTensors(await componentWeights({ ...model, components: { ...model.components, unet } }, 'unet', ctx));
    const base = await componentTensors(model, 'unet', ctx);
    expect([...tensors.keys()].sort()).toEqual([...base.keys()].sort());
    const together = await predicted(model);
    const merged = await predicted({
      ...model,
      components: { ...model.components, unet },
      loras: [{ ...model.loras[0]!, strength: 0, textStrength: 0.8 }],
    });
    // W + s up down against two products added later: float32 sums in another order
    expect(furthest(merged, together)).toBeLessThan(1e-5);
  });
  it('says so when there is no LoRA to save', async () => {
    const model = handles.get('sd1')!.diffusion;
    await expect(saveLora({ model, name: 'x', naming: 'kohya', precision: 'as it is' }, ctx)).rejects.toMatchObject({
      code: 'SAVE_MODEL_NO_LORA',
    });
  });
});
