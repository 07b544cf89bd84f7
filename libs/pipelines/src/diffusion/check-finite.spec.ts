import { createRuntime } from '@facewright/runtime';
import { createRng, type RunnableModel } from '@facewright/tensor';
import { createFakeContext } from '@facewright/testing';
import { openTensorFile, readTensors, writeSafetensors } from '@facewright/weights';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { drawGroup } from '../drawing/draw-group.ts';
import { tinyHandles, writeTinyModels } from '../testing/tiny-models.ts';
import { settings } from '../testing/whole-run.ts';
import { checkFinite } from './check-finite.ts';
import { openDiffusion } from './open-diffusion.ts';

const runtime = await createRuntime({ provider: 'cpu' });
afterAll(() => runtime.dispose());

/** Draws with sessions whose outputs `spoil` may change. */
async function draw(spoil: (output: string, data: Float32Array) => void, broken?: string): Promise<unknown> {
  const openSession = async (model: RunnableModel) => {
    const session = await runtime.open(model);
    return {
      ...session,
      async run(feeds: Parameters<typeof session.run>[0]) {
        const given = await session.run(feeds);
        for (const [name, { data }] of Object.entries(given)) spoil(name, data as Float32Array);
        return given;
      },
    };
  };
  const ctx = createFakeContext({ openSession });
  const folder = join(ctx.folder(), 'tiny');
  await writeTinyModels(folder);
  if (broken !== undefined) {
    const tensors = await readTensors((await openTensorFile(join(folder, broken))).tensors);
    ([...tensors].find(([name]) => name.endsWith('.bias'))![1].data as Float32Array)[0] = Infinity;
    await writeSafetensors(join(folder, broken), tensors);
  }
  try {
    const model = await openDiffusion((await tinyHandles(folder, ctx)).diffusion, ctx, { batch: 2 });
    return await drawGroup({ model, settings, rows: [{ text: 'a face', rng: createRng(1) }], size: [4, 4], onStep: async () => {} });
  } catch (error) {
    return error;
  } finally {
    await ctx.close();
  }
}

it('a prediction that is no number ends the walk and names the step', async () => {
  let calls = 0;
  const error = await draw((output, data) => {
    if (output === 'prediction' && ++calls === 3) data[5] = NaN;
  });
  expect(error).toMatchObject({
    code: 'PIPELINES_NOT_FINITE',
    message: 'tiny: expected finite numbers from the U-Net at step 3 of 6, got 1 of 64 that are NaN or infinite',
  });
  expect(calls).toBe(3);
});
it('an autoencoder whose numbers overflow makes no black picture', async () => {
  const error = await draw((output, data) => {
    if (output === 'sample') data.fill(-Infinity);
  });
  expect(error).toMatchObject({
    code: 'PIPELINES_NOT_FINITE',
    message: expect.stringContaining('finite numbers from the autoencoder (VAE), got 768 of 768') as string,
  });
});
it('a weight that a damaged file holds is noticed in the part that has it', async () => {
  for (const [file, where] of [
    ['text_encoder/model.safetensors', 'the text encoder'],
    ['unet/diffusion_pytorch_model.safetensors', 'the U-Net at step 1 of 6'],
  ] as const)
    expect(await draw(() => {}, file)).toMatchObject({
      code: 'PIPELINES_NOT_FINITE',
      message: expect.stringContaining(`from ${where}, got`) as string,
    });
});
it('finite numbers of any size pass', () => {
  checkFinite('m', 'nowhere', Float32Array.of(-3.4e38, 0, 3.4e38, 1e-45));
  expect(() => checkFinite('m', 'here', Float32Array.of(1, -Infinity, NaN))).toThrow('2 of 3');
});
