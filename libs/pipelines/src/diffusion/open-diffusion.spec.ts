import type { Model } from '@facewright/core';
import { addNoise, ClipText, createSampler, parseClipTextConfig, predictOriginal } from '@facewright/models';
import { createRuntime } from '@facewright/runtime';
import { createFakeContext } from '@facewright/testing';
import { createRng, float32, type ImageBuffer, type Tensor } from '@facewright/tensor';
import { readSafetensorsHeader, readTensors, writeSafetensors } from '@facewright/weights';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { conditioningRows } from './conditioning.ts';
import { denoise } from './denoise.ts';
import { openDiffusion, type DiffusionModel } from './open-diffusion.ts';
import { firstRows, gatherRows } from '../run-rows.ts';
import { tinyHandles, tinyText, writeModule, writeTinyModels } from '../testing/tiny-models.ts';

const runtime = await createRuntime({ provider: 'cpu' });
const ctx = createFakeContext({ openSession: runtime.open });
const folder = join(ctx.folder(), 'tiny');
let handle: Model<'diffusion'>;
let model: DiffusionModel;
beforeAll(async () => {
  await writeTinyModels(folder);
  handle = (await tinyHandles(folder, ctx)).diffusion;
  model = await openDiffusion(handle, ctx, { batch: 4 });
});
afterAll(async () => {
  await ctx.close();
  await runtime.dispose();
});

const noise = (rows: number, seed = 3): Tensor<'float32'> => float32([rows, 4, 4, 4], createRng(seed).normal(rows * 64));
const picture = (seed: number): ImageBuffer => ({
  width: 16,
  height: 16,
  channels: 3,
  data: Uint8Array.from({ length: 768 }, (_, i) => (i * 7 + seed * 31) % 256),
});
const furthest = (a: Float32Array, b: Float32Array) => Math.max(...a.map((x, i) => Math.abs(x - b[i]!)));

describe('a diffusion model', () => {
  it('encodes each of equal texts once and gives all their rows', async () => {
    const { text: texts, pooled } = await model.encodePrompts(['a face', 'a man', 'a face']);
    expect(pooled).toBeNull();
    expect(texts.dims).toEqual([3, 12, 8]);
    expect(gatherRows(texts, [2]).data).toEqual(gatherRows(texts, [0]).data);
    expect(furthest(gatherRows(texts, [1]).data, gatherRows(texts, [0]).data)).toBeGreaterThan(1e-3);
    expect([...ctx.said.sessions].filter((key) => key.startsWith('text_encoder'))).toEqual([expect.stringMatching(/:2x12-0$/)]);
  });
  it('reads texts that are longer than one chunk in several, and then all texts of a call in as many', async () => {
    const { text } = await model.encodePrompts(['a face of a woman with red hair with red hair with red hair', 'a face']);
    expect(text.dims).toEqual([2, 24, 8]);
  });
  it('reads an earlier layer on request', async () => {
    const deep = { ...tinyText, num_hidden_layers: 2 };
    await writeModule(join(folder, 'deep'), 'model.safetensors', deep, new ClipText(parseClipTextConfig(deep)), 9);
    const text_encoder = { config: { ...deep }, weights: await ctx.files.ref(join(folder, 'deep/model.safetensors')), files: {} };
    const opened = await openDiffusion({ ...handle, components: { ...handle.components, text_encoder } }, ctx, { batch: 2 });
    const [last, before] = [await opened.encodePrompts(['a face']), await opened.encodePrompts(['a face'], 2)];
    expect(furthest(last.text.data, before.text.data)).toBeGreaterThan(1e-3);
    await expect(opened.encodePrompts(['a face'], 3)).rejects.toMatchObject({ code: 'PIPELINES_CLIP_SKIP' });
  });
  it('predicts the same for a row alone as among others that fill several runs', async () => {
    const conditioning = await model.encodePrompts(['a face', 'a man', 'blurry', 'a face', 'a woman', 'red hair']);
    const latents = noise(6);
    const all = await model.predict({ latents, timestep: [5, 100, 300, 500, 800, 999], conditioning });
    const last = await model.predict({
      latents: gatherRows(latents, [4]),
      timestep: 800,
      conditioning: conditioningRows(conditioning, [4]),
    });
    expect(furthest(gatherRows(all, [4]).data, last.data)).toBeLessThan(2e-6);
  });
  it('guides away from the unconditional prediction by the scale', async () => {
    const encoded = await model.encodePrompts(['', 'a face', 'a man']);
    const [conditioning, unconditional] = [conditioningRows(encoded, [1, 2]), conditioningRows(encoded, [0])];
    const request = { latents: noise(2), timestep: 400, conditioning };
    const [with1, without, guided] = [
      await model.predict(request),
      await model.predict({ ...request, conditioning: conditioningRows(unconditional, [0, 0]) }),
      await model.predict({ ...request, unconditional, guidance: 3 }),
    ];
    expect(furthest(with1.data, without.data)).toBeGreaterThan(1e-3);
    expect(
      furthest(
        guided.data,
        without.data.map((u, i) => u + 3 * (with1.data[i]! - u)),
      ),
    ).toBeLessThan(1e-5);
  });
  it('encodes pictures to the mean of their latents times the scaling factor, and samples about it', async () => {
    const pictures = [1, 2, 3, 4, 5].map(picture);
    const mean = await model.encodeImages(pictures);
    expect(mean.dims).toEqual([5, 4, 4, 4]);
    expect(furthest(firstRows(mean, 1).data, (await model.encodeImages([pictures[0]!])).data)).toBeLessThan(2e-6);
    const samples = await Promise.all([7, 7, 8].map((seed) => model.encodeImages(pictures, createRng(seed))));
    expect(samples[0]!.data).toEqual(samples[1]!.data);
    expect(furthest(samples[0]!.data, samples[2]!.data)).toBeGreaterThan(1e-2);
  });
  it('decodes latents to pictures of the size they stand for', async () => {
    const pictures = await model.decodeLatents(noise(3));
    expect(pictures.map(({ width, height, channels }) => [width, height, channels])).toEqual(Array(3).fill([16, 16, 3]));
  });
  it('refuses pictures of unequal or unfit sizes', async () => {
    const small: ImageBuffer = { width: 12, height: 16, channels: 3, data: new Uint8Array(576) };
    const odd: ImageBuffer = { width: 14, height: 16, channels: 3, data: new Uint8Array(672) };
    await expect(model.encodeImages([picture(1), small])).rejects.toMatchObject({ code: 'PIPELINES_SIZE' });
    await expect(model.encodeImages([odd])).rejects.toMatchObject({ code: 'PIPELINES_SIZE' });
  });
  it('adds LoRAs to its weights as W + strength up down, and says which names fit none', async () => {
    const layer = 'mid_block.attentions.0.transformer_blocks.0.attn1.to_q';
    const rng = createRng(4);
    const factors = { down: float32([2, 16], rng.normal(32)), up: float32([16, 2], rng.normal(32)) };
    const file = join(folder, 'lora.safetensors');
    await writeSafetensors(
      file,
      new Map([
        [`unet.${layer}.lora_A.weight`, factors.down],
        [`unet.${layer}.lora_B.weight`, factors.up],
      ]),
    );
    const lora = { name: 'test', weights: await ctx.files.ref(file), strength: 0.5 };

    const merged = await readTensors((await readSafetensorsHeader(join(folder, 'unet/diffusion_pytorch_model.safetensors'))).tensors);
    const weight = merged.get(`${layer}.weight`)!.data as Float32Array;
    for (let i = 0; i < 16; i++)
      for (let j = 0; j < 16; j++)
        for (let r = 0; r < 2; r++) weight[i * 16 + j]! += 0.5 * factors.up.data[i * 2 + r]! * factors.down.data[r * 16 + j]!;
    const rewritten = join(folder, 'merged.safetensors');
    await writeSafetensors(rewritten, merged);
    const changed: Model<'diffusion'> = {
      ...handle,
      components: { ...handle.components, unet: { ...handle.components['unet']!, weights: await ctx.files.ref(rewritten) } },
    };

    const request = { latents: noise(1), timestep: 100, conditioning: await model.encodePrompts(['a face']) };
    const predictions = await Promise.all(
      [handle, { ...handle, loras: [lora] }, changed].map(async (each) => (await openDiffusion(each, ctx, { batch: 1 })).predict(request)),
    );
    const [base, added, want] = predictions.map(({ data }) => data) as [Float32Array, Float32Array, Float32Array];
    expect(furthest(added, want)).toBeLessThan(1e-5);
    expect(furthest(added, base)).toBeGreaterThan(1e-3);

    await writeSafetensors(
      file,
      new Map([
        ['unet.nowhere.lora_A.weight', factors.down],
        ['unet.nowhere.lora_B.weight', factors.up],
        ['strange', factors.up],
      ]),
    );
    await expect(
      openDiffusion({ ...handle, loras: [{ ...lora, weights: await ctx.files.ref(file) }] }, ctx, { batch: 1 }),
    ).rejects.toMatchObject({
      code: 'WEIGHTS_LORA',
      message: expect.stringMatching(/strange[\s\S]*nowhere|nowhere[\s\S]*strange/) as string,
    });
  });
  it('names the component that a handle lacks', async () => {
    const { vae: _, ...components } = handle.components;
    await expect(openDiffusion({ ...handle, components }, ctx, { batch: 1 })).rejects.toMatchObject({
      code: 'PIPELINES_COMPONENT',
      message: expect.stringContaining('vae') as string,
    });
  });
});

describe('denoising', () => {
  it('shows after each step what the model sees behind the noise, and ends at clean latents', async () => {
    const sampler = createSampler('ddim', model.schedule, 5);
    const conditioning = await model.encodePrompts(['a face']);
    const seen: number[] = [];
    const latents = noise(1);
    const predicted = await model.predict({ latents, timestep: sampler.timesteps[0]!, conditioning });
    const result = await denoise({
      model,
      sampler,
      first: 0,
      latents,
      conditioning,
      guidance: 1,
      rngs: [createRng(1)],
      onStep: async (done, total, original) => {
        seen.push(done);
        expect(total).toBe(5);
        if (done === 1)
          expect(original().data).toEqual(predictOriginal(model.schedule, predicted.data, latents.data, sampler.timesteps[0]!));
      },
    });
    expect(seen).toEqual([1, 2, 3, 4]);
    expect(result.data.every(Number.isFinite)).toBe(true);
  });
  it('gives a row the same noise on its way, whatever is drawn beside it', async () => {
    const conditioning = await model.encodePrompts(['a face', 'a man']);
    const walk = (rows: readonly number[]) =>
      denoise({
        model,
        sampler: createSampler('euler_ancestral', model.schedule, 4),
        first: 0,
        latents: gatherRows(noise(2), rows),
        conditioning: conditioningRows(conditioning, rows),
        guidance: 1,
        rngs: rows.map((row) => createRng(row)),
      });
    const [both, alone] = [await walk([0, 1]), await walk([1])];
    expect(furthest(gatherRows(both, [1]).data, alone.data)).toBeLessThan(1e-4);
  });
  it('puts back what is known where the mask is 0', async () => {
    const sampler = createSampler('euler', model.schedule, 6);
    const first = 3;
    const [clean, fresh] = [noise(1, 8), noise(1, 9)];
    const mask = Float32Array.from({ length: 16 }, (_, i) => (i < 8 ? 0 : 1));
    const result = await denoise({
      model,
      sampler,
      first,
      conditioning: await model.encodePrompts(['a face']),
      guidance: 1,
      rngs: [createRng(1)],
      latents: { ...clean, data: sampler.addNoise(clean.data, fresh.data, first) },
      known: { clean: clean.data, noise: fresh.data, mask },
    });
    const kept = (data: Float32Array) => data.filter((_, i) => i % 16 < 8);
    const painted = (data: Float32Array) => data.filter((_, i) => i % 16 >= 8);
    expect(furthest(kept(result.data), kept(clean.data))).toBeLessThan(1e-6);
    expect(furthest(painted(result.data), painted(clean.data))).toBeGreaterThan(1e-2);
  });
});

it('gives zeros of the right shapes on the null runtime', async () => {
  const nothing = await createRuntime({ provider: 'null' });
  const empty = createFakeContext({ openSession: nothing.open, provider: 'null' });
  const opened = await openDiffusion(handle, empty, { batch: 2 });
  const latents = await opened.encodeImages([picture(1), picture(2), picture(3)]);
  const predicted = await opened.predict({ latents, timestep: 10, conditioning: await opened.encodePrompts(['a', 'b', 'c']) });
  expect(predicted.dims).toEqual([3, 4, 4, 4]);
  expect(addNoise(opened.schedule, predicted.data, predicted.data, 10).every((x) => x === 0)).toBe(true);
});
