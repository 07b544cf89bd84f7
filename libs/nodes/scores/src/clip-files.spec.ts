// The published files of HPS v2 and CLIP, by their key lists, in the wrapping and element type that they come in.
import type { NodeContext } from '@facewright/core';
import { createFakeContext } from '@facewright/testing';
import { sizeOf, type DType, type Shape } from '@facewright/tensor';
import { writeTorchZip, type Written } from '@facewright/weights/testing/write-torch-zip';
import { existsSync, readFileSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { run } from './load-clip.ts';

const fake = createFakeContext();
// Files of full size are holes: nothing may read them whole, and the real context does not.
const ref: NodeContext['files']['ref'] = async (path) => ({ path, bytes: (await stat(path)).size, digest: `sha256:${'0'.repeat(64)}` });
const ctx: NodeContext = { ...fake, files: { ...fake.files, ref } };
afterAll(() => fake.close());

const folder = join(import.meta.dirname, '../../../../../shared/data/keys');
if (!existsSync(folder)) console.warn(`\n*** SKIPPED: key lists of published checkpoints are not at ${folder} ***\n`);
const published = (file: string, dtype: DType): Map<string, Written> =>
  new Map(
    readFileSync(join(folder, file), 'utf8')
      .trim()
      .split('\n')
      .map((line) => {
        const [name = '', shape = '[]'] = line.split('\t');
        return [name, { dtype, shape: JSON.parse(shape) as Shape }];
      }),
  );

describe.skipIf(!existsSync(folder))('published files', () => {
  it.each([
    ['HPS_v2_compressed.pt', 'hpsv2_vith14_keys.txt', 'float16', 'state_dict', 1280, 'gelu', 986_109_441],
    ['hpc.pt, HPS v1', 'clip_vitl14_openai_keys.txt', 'float32', 'state_dict', 1024, 'quick_gelu', 427_616_513],
    ['ViT-L-14.pt, saved again', 'clip_vitl14_openai_keys.txt', 'float16', undefined, 1024, 'quick_gelu', 427_616_513],
  ] as const)('open by every name and shape: %s', async (name, keys, dtype, under, width, activation, scalars) => {
    const path = join(fake.folder(), `${name.split(',')[0]!}`);
    const entries = published(keys, dtype);
    expect([...entries.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0)).toBe(scalars);
    await writeTorchZip(path, entries, under === undefined ? {} : { under });
    const { model } = await run({ path, activation: 'auto' }, ctx);
    expect(model.components['clip']!.config).toMatchObject({ vision_config: { hidden_size: width, hidden_act: activation } });
    await rm(path);
  });
  it('are refused with the name of what is missing', async () => {
    const path = join(fake.folder(), 'short.pt');
    const entries = published('hpsv2_vith14_keys.txt', 'float16');
    entries.delete('visual.ln_post.bias');
    await writeTorchZip(path, entries, { under: 'state_dict' });
    await expect(run({ path, activation: 'auto' }, ctx)).rejects.toMatchObject({
      code: 'MODELS_WEIGHTS',
      message: expect.stringContaining('visual.ln_post.bias') as string,
    });
    await rm(path);
  });
});
