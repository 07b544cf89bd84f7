import type { Model } from '@facewright/core';
import { createRuntime } from '@facewright/runtime';
import { createFakeContext } from '@facewright/testing';
import type { Tensor } from '@facewright/tensor';
import { writeSafetensors } from '@facewright/weights';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDiffusion } from '../diffusion/open-diffusion.ts';
import { tinyHandles, writeTinyModels } from '../testing/tiny-models.ts';
import { difference, factor, mask, picture, rows, settings, TOLERANCE } from '../testing/whole-run.ts';
import { drawGroup } from './draw-group.ts';
import reference from './fixtures/whole-runs.json' with { type: 'json' };
import { latentMask, withoutArea } from './repaint-area.ts';

const runtime = await createRuntime({ provider: 'cpu' });
const ctx = createFakeContext({ openSession: runtime.open });
const [plain, nine] = ['plain', 'nine'].map((name) => join(ctx.folder(), name)) as [string, string];
beforeAll(async () => {
  await writeTinyModels(plain);
  await writeTinyModels(nine, { inChannels: 9 });
});
afterAll(async () => {
  await ctx.close();
  await runtime.dispose();
});

const samplers = {
  DDIMScheduler: 'ddim',
  EulerDiscreteScheduler: 'euler',
  DPMSolverMultistepScheduler: 'dpmpp_2m',
  PNDMScheduler: 'pndm',
  HeunDiscreteScheduler: 'heun',
} as const;

async function draw(folder: string, change: Partial<Parameters<typeof drawGroup>[0]>, loras: Model['loras'] = []) {
  const model = await openDiffusion({ ...(await tinyHandles(folder, ctx)).diffusion, loras }, ctx, { batch: 2 });
  return {
    model,
    draw: (more: Partial<Parameters<typeof drawGroup>[0]> = {}) =>
      drawGroup({ model, settings, rows, size: [4, 4], onStep: async () => {}, ...change, ...more }),
  };
}

describe('whole pictures are those of diffusers', () => {
  it.each(Object.entries(samplers))('text to image with %s', async (name, scheduler) => {
    const run = await draw(plain, { settings: { ...settings, scheduler, guidanceRescale: 0.6 } });
    expect(difference(await run.draw(), reference.cases['text to image'][name as keyof typeof samplers])).toBeLessThan(TOLERANCE);
  });
  it.each(Object.entries(samplers))('image to image with %s', async (name, scheduler) => {
    const run = await draw(plain, { settings: { ...settings, scheduler }, strength: 0.7 });
    const clean = await run.model.encodePixels(picture);
    expect(difference(await run.draw({ over: { clean } }), reference.cases['image to image'][name as keyof typeof samplers])).toBeLessThan(
      TOLERANCE,
    );
  });
  it('inpainting with a U-Net that sees mask and picture', async () => {
    const run = await draw(nine, { strength: 0.7 });
    const masked: Tensor<'float32'> = await run.model.encodePixels({ ...picture, data: withoutArea(picture, [mask]) });
    const over = { clean: await run.model.encodePixels(picture), mask: latentMask(mask, 4), masked };
    expect(difference(await run.draw({ over }), reference.cases['inpainting with 9 channels'].DDIMScheduler)).toBeLessThan(TOLERANCE);
  });
  it('inpainting with a U-Net that does not, where the rest is put back after every step', async () => {
    const run = await draw(plain, { strength: 0.7 });
    const over = { clean: await run.model.encodePixels(picture), mask: latentMask(mask, 4) };
    expect(difference(await run.draw({ over }), reference.cases['inpainting with 4 channels'].DDIMScheduler)).toBeLessThan(TOLERANCE);
  });
  it('two LoRAs at once, in the naming of kohya with an alpha and of PEFT without', async () => {
    const layer = 'mid_block.attentions.0.transformer_blocks.0.attn1.to_q';
    const flat = `lora_unet_${layer.replaceAll('.', '_')}`;
    await writeSafetensors(
      join(plain, 'kohya.safetensors'),
      new Map<string, Tensor>([
        [`${flat}.lora_down.weight`, factor('kohya.unet.down', [2, 16])],
        [`${flat}.lora_up.weight`, factor('kohya.unet.up', [16, 2])],
        [`${flat}.alpha`, { dtype: 'float32', dims: [], data: Float32Array.of(1) }],
      ]),
    );
    await writeSafetensors(
      join(plain, 'peft.safetensors'),
      new Map([
        [`unet.${layer}.lora_A.weight`, factor('peft.unet.down', [3, 16])],
        [`unet.${layer}.lora_B.weight`, factor('peft.unet.up', [16, 3])],
      ]),
    );
    const lora = async (name: string, strength: number) => ({
      name,
      weights: await ctx.files.ref(join(plain, `${name}.safetensors`)),
      strength,
    });
    const run = await draw(plain, { settings: { ...settings, guidanceRescale: 0.6 } }, [await lora('kohya', 0.8), await lora('peft', 0.5)]);
    const without = reference.cases['text to image'].DDIMScheduler;
    const pictures = await run.draw();
    expect(difference(pictures, reference.cases['two LoRAs'].DDIMScheduler)).toBeLessThan(TOLERANCE);
    expect(difference(pictures, without)).toBeGreaterThan(1.5);
  });
});
