import { checkValue, type Image, type Model } from '@facewright/core';
import { createFakeContext } from '@facewright/testing';
import { describe, expect, it } from 'vitest';
import { run as addModel } from './add-model.ts';
import { run as addPictures } from './add-pictures.ts';
import { run as variantPictures } from './variant-pictures.ts';

const ctx = createFakeContext();
const model = (name: string): Model<'diffusion'> => ({ family: 'diffusion', architecture: 'x', name, components: {}, loras: [] });
const image: Image = {
  asset: { id: `sha256:${'0'.repeat(64)}`, mediaType: 'image/png', bytes: 1 },
  width: 8,
  height: 6,
  key: 'a',
  caption: 'a face',
};

describe('Add model', () => {
  it('appends under its label, or under the name of its file', async () => {
    const { models } = await addModel({ models: undefined, model: model('sd15'), label: '' }, ctx);
    const both = await addModel({ models, model: model('sd15'), label: ' tuned ' }, ctx);
    expect(both.models.map(({ label }) => label)).toEqual(['sd15', 'tuned']);
    expect(checkValue({ kind: 'models' }, both.models)).toEqual(both.models);
    await expect(addModel({ ...both, model: model('sd15'), label: '' }, ctx)).rejects.toMatchObject({ code: 'EXPERIMENT_LABEL' });
  });
});

describe('Add pictures', () => {
  it('appends pictures under a label of their own', async () => {
    const { variants } = await addPictures({ variants: undefined, images: [image], label: 'mine' }, ctx);
    expect(variants).toEqual([{ label: 'mine', facts: { size: '8 × 6' }, images: [image] }]);
    const both = await addPictures({ variants, images: [image], label: 'theirs' }, ctx);
    expect(both.variants.map(({ label }) => label)).toEqual(['mine', 'theirs']);
    for (const label of ['mine', ' '])
      await expect(addPictures({ variants, images: [image], label }, ctx)).rejects.toMatchObject({ code: 'EXPERIMENT_LABEL' });
    await expect(addPictures({ variants, images: [], label: 'none' }, ctx)).rejects.toMatchObject({ code: 'EXPERIMENT_NO_PICTURES' });
  });
});

describe('Pictures of a variant', () => {
  it('are those under the label, or of the first', async () => {
    const other = { ...image, key: 'b' };
    const variants = [
      { label: 'mine', facts: {}, images: [image] },
      { label: 'theirs', facts: {}, images: [other] },
    ];
    expect(await variantPictures({ variants, label: 'theirs' }, ctx)).toEqual({ images: [other] });
    expect(await variantPictures({ variants, label: '' }, ctx)).toEqual({ images: [image] });
    await expect(variantPictures({ variants, label: 'none' }, ctx)).rejects.toThrow('label: expected one of mine, theirs, got none');
  });
});
