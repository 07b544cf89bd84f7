import { samplerKinds } from '@facewright/models';
import { createRuntime } from '@facewright/runtime';
import { tinyHandles, writeTinyModels } from '@facewright/pipelines/testing';
import { createFakeContext, type FakeContext } from '@facewright/testing';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from './draw-prompts.ts';

const runtime = await createRuntime({ provider: 'cpu' });
const ctx = createFakeContext({ openSession: runtime.open });
const [base, other, inpainting] = ['base', 'other', 'inpainting'].map((name) => join(ctx.folder(), name)) as [string, string, string];
beforeAll(async () => {
  await writeTinyModels(base);
  await writeTinyModels(other, { seed: 50 });
  await writeTinyModels(inpainting, { inChannels: 9 });
});
afterAll(async () => {
  await ctx.close();
  await runtime.dispose();
});

const prompts = {
  prompts: [
    { key: 'a', text: 'a face' },
    { key: 'b', text: 'a man' },
    { key: 'c', text: 'a woman with red hair' },
  ],
};
const defaults = {
  imagesPerPrompt: 1,
  seed: 5,
  steps: 4,
  guidance: 2,
  guidanceRescale: 0,
  negativePrompt: '',
  scheduler: 'ddim' as const,
  sigmas: 'default' as const,
  clipSkip: 1,
  width: 0,
  height: 0,
  batch: 8,
  previewSteps: 0,
};
async function draw(inputs: Partial<Parameters<typeof run>[0]> = {}, folder = base, context: FakeContext = ctx) {
  const { diffusion } = await tinyHandles(folder, context);
  return (await run({ model: diffusion, prompts, ...defaults, ...inputs }, context)).images;
}
const ids = async (inputs?: Partial<Parameters<typeof run>[0]>, folder?: string) =>
  (await draw(inputs, folder)).map((image) => image.asset.id);

describe('the sampler', () => {
  it('draws each prompt from each seed, keyed by both and captioned with the prompt', async () => {
    const images = await draw({ imagesPerPrompt: 2 });
    expect(images.map(({ key, caption, width }) => [key, caption, width])).toEqual([
      ['a#5', 'a face', 16],
      ['a#6', 'a face', 16],
      ['b#5', 'a man', 16],
      ['b#6', 'a man', 16],
      ['c#5', 'a woman with red hair', 16],
      ['c#6', 'a woman with red hair', 16],
    ]);
    expect(new Set(images.map((image) => image.asset.id)).size).toBe(6);
  });
  it('draws the same pictures again, with any scheduler', async () => {
    for (const scheduler of samplerKinds) expect(await ids({ scheduler })).toEqual(await ids({ scheduler }));
    expect(await ids({ scheduler: 'euler' })).not.toEqual(await ids());
  });
  it('begins every picture at the noise of its seed and key, whatever is drawn with it', async () => {
    const together = await draw({ batch: 3 });
    const alone = await draw({ prompts: { prompts: [prompts.prompts[2]!] }, batch: 1 });
    const [a, b] = await Promise.all([ctx.images.read(together[2]!), ctx.images.read(alone[0]!)]);
    // another batch size may round otherwise in the last bit of a float
    expect(Math.max(...a.data.map((x, i) => Math.abs(x - b.data[i]!)))).toBeLessThanOrEqual(1);
    const renamed = await ids({ prompts: { prompts: [{ key: 'z', text: 'a face' }] } });
    expect(renamed).not.toEqual([together[0]!.asset.id]);
  });
  it('gives two models pictures of the same keys', async () => {
    const [one, two] = [await draw(), await draw({}, other)];
    expect(two.map((image) => image.key)).toEqual(one.map((image) => image.key));
    expect(two.map((image) => image.asset.id)).not.toEqual(one.map((image) => image.asset.id));
  });
  it('listens to seed, guidance and negative prompt', async () => {
    const plain = await ids();
    for (const change of [
      { seed: 6 },
      { guidance: 4 },
      { guidanceRescale: 0.7 },
      { negativePrompt: 'blurry' },
      { scheduler: 'euler' as const, sigmas: 'karras' as const },
    ])
      expect(await ids(change), JSON.stringify(change)).not.toEqual(plain);
  });
  it('draws pictures of another size', async () => {
    // 20 pixels are 5 latents, which the U-Net halves unevenly
    expect((await draw({ width: 32, height: 20, prompts: { prompts: [prompts.prompts[0]!] } }))[0]).toMatchObject({
      width: 32,
      height: 20,
    });
    await expect(draw({ width: 22 })).rejects.toMatchObject({
      code: 'SAMPLER_SIZE',
      message: 'width: expected a multiple of 4 pixels for this model, got 22',
    });
  });
  it('shows progress to the end, live pictures between, and stops when the run is cancelled', async () => {
    const stop = new AbortController();
    const watched = createFakeContext({ openSession: runtime.open, signal: stop.signal });
    await draw({ previewSteps: 1 }, base, watched);
    const { progress } = watched.said;
    expect(progress.map(({ done, total }) => done / total)).toEqual([0.25, 0.5, 0.75, 1]);
    // live pictures come as often as someone can see them
    expect([progress[0], progress.at(-1)].map((said) => said!.preview !== undefined)).toEqual([true, true]);
    stop.abort();
    await expect(draw({}, base, watched)).rejects.toMatchObject({ name: 'AbortError' });
    await watched.close();
  });
  it('refuses an empty list of prompts and a model that only repaints', async () => {
    await expect(draw({ prompts: { prompts: [] } })).rejects.toMatchObject({ code: 'SAMPLER_NO_PROMPTS' });
    await expect(draw({}, inpainting)).rejects.toMatchObject({ code: 'SAMPLER_CHANNELS' });
  });
});
