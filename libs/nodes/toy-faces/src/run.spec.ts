import { createFakeContext } from '@facewright/testing';
import { describe, expect, it } from 'vitest';
import { run } from './run.ts';

const draw = async (inputs: Partial<Parameters<typeof run>[0]>) => {
  const ctx = createFakeContext();
  return { ctx, ...(await run({ count: 4, promptCount: 3, deformed: 0, seed: 5, ...inputs }, ctx)) };
};
const ids = (images: readonly { readonly asset: { readonly id: string } }[]) => images.map((image) => image.asset.id);

describe('toy faces', () => {
  it('draws pictures of 64 x 64 pixels with captions and keys of their own', async () => {
    const { images } = await draw({});
    expect(images.map(({ width, height }) => [width, height])).toEqual(Array(4).fill([64, 64]));
    expect(new Set(images.map((image) => image.key)).size).toBe(4);
    expect(images.every((image) => /^a .*(woman|man)/.test(image.caption))).toBe(true);
  });
  it('draws the same pictures from the same seed, others from another', async () => {
    expect(ids((await draw({})).images)).toEqual(ids((await draw({})).images));
    expect(ids((await draw({ seed: 6 })).images)).not.toEqual(ids((await draw({})).images));
  });
  it('adds pictures and prompts when asked for more, and keeps the first ones', async () => {
    const [few, many] = [await draw({}), await draw({ count: 7, promptCount: 6 })];
    expect(ids(many.images).slice(0, 4)).toEqual(ids(few.images));
    expect(many.prompts.prompts.slice(0, 3)).toEqual(few.prompts.prompts);
  });
  it('deforms the wanted share of the pictures and leaves the others as they are', async () => {
    const [sound, quarter] = [await draw({ count: 8 }), await draw({ count: 8, deformed: 0.25 })];
    const [before, after] = [ids(sound.images), ids(quarter.images)];
    expect(after.filter((id, i) => id !== before[i])).toHaveLength(2);
  });
  it('gives prompts that no picture bears', async () => {
    const { images, prompts } = await draw({ count: 40, promptCount: 60 });
    const captions = new Set(images.map((image) => image.caption));
    expect(prompts.prompts).toHaveLength(60);
    expect(prompts.prompts.some(({ text }) => captions.has(text))).toBe(false);
  });
});
