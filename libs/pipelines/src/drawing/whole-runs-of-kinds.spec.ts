import type { Model } from '@facewright/core';
import { createRuntime } from '@facewright/runtime';
import type { Tensor } from '@facewright/tensor';
import { createFakeContext } from '@facewright/testing';
import { writeSafetensors } from '@facewright/weights';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDiffusion } from '../diffusion/open-diffusion.ts';
import { tinyHandles, writeTinyModels } from '../testing/tiny-models.ts';
import { difference, factor, mask, picture, rows, settings, TOLERANCE } from '../testing/whole-run.ts';
import { drawGroup } from './draw-group.ts';
import reference from './fixtures/whole-runs-of-kinds.json' with { type: 'json' };
import { latentMask, withoutArea } from './repaint-area.ts';

const { cases } = reference;
const runtime = await createRuntime({ provider: 'cpu' });
const ctx = createFakeContext({ openSession: runtime.open });
const [two, xl, nine] = ['two', 'xl', 'nine'].map((name) => join(ctx.folder(), name)) as [string, string, string];
beforeAll(async () => {
  await writeTinyModels(two, { kind: 'sd2' });
  await writeTinyModels(xl, { kind: 'sdxl' });
  await writeTinyModels(nine, { kind: 'sdxl', inChannels: 9 });
});
afterAll(async () => {
  await ctx.close();
  await runtime.dispose();
});

const samplers = { DDIMScheduler: 'ddim', EulerDiscreteScheduler: 'euler', DPMSolverMultistepScheduler: 'dpmpp_2m' } as const;
type Name = keyof typeof samplers;
const rescaled = { ...settings, guidanceRescale: 0.6 };

async function open(folder: string, change: Partial<Model<'diffusion'>> = {}) {
  const model = await openDiffusion({ ...(await tinyHandles(folder, ctx)).diffusion, ...change }, ctx, { batch: 2 });
  return {
    model,
    draw: (more: Partial<Parameters<typeof drawGroup>[0]> = {}) =>
      drawGroup({ model, settings: rescaled, rows, size: [4, 4], onStep: async () => {}, ...more }),
  };
}

describe('whole pictures of Stable Diffusion 2 with v prediction are those of diffusers', () => {
  it.each(Object.entries(samplers))('text to image with %s', async (name, scheduler) => {
    const { draw } = await open(two);
    const want = cases['2 with v prediction, text to image'][name as Name];
    expect(difference(await draw({ settings: { ...rescaled, scheduler } }), want)).toBeLessThan(TOLERANCE);
  });
  it('image to image', async () => {
    const { model, draw } = await open(two);
    const over = { clean: await model.encodePixels(picture) };
    const want = cases['2 with v prediction, image to image'].DDIMScheduler;
    expect(difference(await draw({ settings, strength: 0.7, over }), want)).toBeLessThan(TOLERANCE);
  });
});

describe('whole pictures of Stable Diffusion XL are those of diffusers', () => {
  it.each(Object.entries(samplers))('text to image with %s', async (name, scheduler) => {
    const { draw } = await open(xl);
    expect(difference(await draw({ settings: { ...rescaled, scheduler } }), cases['XL, text to image'][name as Name])).toBeLessThan(
      TOLERANCE,
    );
  });
  it('without a negative prompt, which stands for zeros unless the pipeline says that it is an empty text', async () => {
    const nothing = { ...rescaled, negativePrompt: '' };
    const { draw } = await open(xl);
    const zeros = await draw({ settings: nothing });
    expect(difference(zeros, cases['XL, no negative prompt'].DDIMScheduler)).toBeLessThan(TOLERANCE);
    const { components } = (await tinyHandles(xl, ctx)).diffusion;
    const pipeline = { config: { force_zeros_for_empty_prompt: false }, weights: null, files: {} };
    const encoded = await (await open(xl, { components: { ...components, pipeline } })).draw({ settings: nothing });
    expect(difference(encoded, cases['XL, empty negative prompt'].DDIMScheduler)).toBeLessThan(TOLERANCE);
    expect(difference(encoded, cases['XL, no negative prompt'].DDIMScheduler)).toBeGreaterThan(1.5);
  });
  it.each(Object.entries(samplers))('image to image with %s', async (name, scheduler) => {
    const { model, draw } = await open(xl);
    const over = { clean: await model.encodePixels(picture) };
    const want = cases['XL, image to image'][name as Name];
    expect(difference(await draw({ settings: { ...settings, scheduler }, strength: 0.7, over }), want)).toBeLessThan(TOLERANCE);
  });
  it('inpainting with a U-Net that sees mask and picture, and with one that does not', async () => {
    for (const [folder, want] of [
      [nine, cases['XL, inpainting with 9 channels']],
      [xl, cases['XL, inpainting with 4 channels']],
    ] as const) {
      const { model, draw } = await open(folder);
      const masked = folder === nine && { masked: await model.encodePixels({ ...picture, data: withoutArea(picture, [mask]) }) };
      const over = { clean: await model.encodePixels(picture), mask: latentMask(mask, 4), ...masked };
      expect(difference(await draw({ settings, strength: 0.7, over }), want.DDIMScheduler)).toBeLessThan(TOLERANCE);
    }
  });
  it("a LoRA of kohya's trainer, for both text encoders and by the names that the U-Net has in single files", async () => {
    const layers: Record<string, readonly [inputs: number, outputs: number]> = {
      unet_input_blocks_3_1_transformer_blocks_0_attn2_to_k: [24, 16],
      unet_middle_block_1_transformer_blocks_1_ff_net_0_proj: [16, 128],
      unet_output_blocks_0_1_proj_out: [16, 16],
      te1_text_model_encoder_layers_0_self_attn_q_proj: [8, 8],
      te1_text_model_encoder_layers_0_self_attn_out_proj: [8, 8],
      te2_text_model_encoder_layers_1_mlp_fc1: [16, 24],
    };
    const file = join(xl, 'kohya.safetensors');
    await writeSafetensors(
      file,
      new Map(
        Object.entries(layers).flatMap(([layer, [inputs, outputs]]): [string, Tensor][] => [
          [`lora_${layer}.lora_down.weight`, factor(`${layer}.down`, [2, inputs])],
          [`lora_${layer}.lora_up.weight`, factor(`${layer}.up`, [outputs, 2])],
          [`lora_${layer}.alpha`, { dtype: 'float32', dims: [], data: Float32Array.of(1) }],
        ]),
      ),
    );
    const lora = { name: 'kohya', weights: await ctx.files.ref(file), strength: 0.8 };
    const pictures = await (await open(xl, { loras: [lora] })).draw();
    expect(difference(pictures, cases['XL, LoRA'].DDIMScheduler)).toBeLessThan(TOLERANCE);
    expect(difference(pictures, cases['XL, text to image'].DDIMScheduler)).toBeGreaterThan(1.5);
    // its part for the texts alone, with a strength of its own
    const unetAlone = await (await open(xl, { loras: [{ ...lora, textStrength: 0 }] })).draw();
    expect(difference(unetAlone, cases['XL, LoRA'].DDIMScheduler)).toBeGreaterThan(1.5);
  });
});
