import type { Model } from '@facewright/core';
import { createFakeContext } from '@facewright/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { openClipTokenizer } from './open-tokenizer.ts';

const ctx = createFakeContext();
afterAll(() => ctx.close());
const handle = (components: Model['components']): Model<'diffusion'> => ({
  family: 'diffusion',
  architecture: 'stable-diffusion',
  name: 'm',
  loras: [],
  components,
});
const bare = (config: Record<string, unknown>) => ({ config, weights: null, files: {} });

describe('the tokenizer of a model without tokenizer files', () => {
  it("has CLIP's vocabulary and pads with the end token", async () => {
    const tokenizer = await openClipTokenizer(handle({ tokenizer: bare({}) }), 'tokenizer', 77, ctx);
    expect(tokenizer.ids('a photo of a cat')).toEqual([320, 1125, 539, 320, 2368]);
    expect(tokenizer).toMatchObject({ length: 77, start: 49406, end: 49407, pad: 49407 });
  });
  it('pads with the token that its configuration names, as text or as an object', async () => {
    const model = handle({ tokenizer: bare({ pad_token: '!' }), tokenizer_2: bare({ pad_token: { content: '!' } }) });
    expect((await openClipTokenizer(model, 'tokenizer', 77, ctx)).pad).toBe(0);
    expect((await openClipTokenizer(model, 'tokenizer_2', 77, ctx)).pad).toBe(0);
  });
});
