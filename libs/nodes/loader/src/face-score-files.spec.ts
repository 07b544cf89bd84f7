// The published files of FaceScore and ImageReward, by their key list and size, and files that are none.
import type { NodeContext } from '@facewright/core';
import { createFakeContext } from '@facewright/testing';
import { sizeOf, type DType, type Shape } from '@facewright/tensor';
import { writeTorchZip, type Written } from '@facewright/weights/testing/write-torch-zip';
import { existsSync, readFileSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { run } from './load-face-score.ts';

const fake = createFakeContext();
// Files of full size are holes: nothing may read them whole, and the real context does not.
const ctx: NodeContext = {
  ...fake,
  files: { ...fake.files, ref: async (path) => ({ path, bytes: (await stat(path)).size, digest: `sha256:${'0'.repeat(64)}` }) },
};
afterAll(() => fake.close());
const place = (name: string) => join(fake.folder(), name);

const list = join(import.meta.dirname, '../../../../../shared/data/keys/imagereward_keys.txt');
if (!existsSync(list)) console.warn(`\n*** SKIPPED: the key list of the published checkpoint is not at ${list} ***\n`);
describe.skipIf(!existsSync(list))('FS_model.pt and ImageReward.pt', () => {
  const published = (prefix = ''): Map<string, Written> =>
    new Map(
      readFileSync(list, 'utf8')
        .trim()
        .split('\n')
        .map((line) => {
          const [name = '', shape = '[]', dtype = 'float32'] = line.split('\t');
          return [prefix + name, { dtype: dtype as DType, shape: JSON.parse(shape) as Shape }];
        }),
    );
  it('have 625 entries and the bytes of the published file', () => {
    const entries = [...published().values()];
    const bytes = entries.reduce((sum, { dtype, shape }) => sum + (dtype === 'int64' ? 8 : 4) * sizeOf(shape), 0);
    expect([entries.length, bytes]).toEqual([625, 1_786_667_908]);
  });
  it.each(['', 'module.'])('open by every name and shape, with the vocabulary of BERT: prefix "%s"', async (prefix) => {
    const path = place('FS_model.pt');
    await writeTorchZip(path, published(prefix));
    const { model } = await run({ path }, ctx);
    expect(model).toMatchObject({ family: 'face-score', name: 'FS_model', components: { face_score: { weights: { path }, files: {} } } });
    await rm(path);
  });
  it('are refused with the names of what is missing', async () => {
    const path = place('short.pt');
    const entries = published();
    entries.delete('mlp.layers.7.bias');
    await writeTorchZip(path, entries);
    await expect(run({ path }, ctx)).rejects.toMatchObject({
      code: 'MODELS_WEIGHTS',
      message: expect.stringContaining('missing: mlp.layers.7.bias') as string,
    });
    await rm(path);
  });
});

it('a poisoned .pt is refused by the name of what it asks for, and nothing of it runs', async () => {
  const path = join(import.meta.dirname, '../../../weights/src/fixtures/torch/malicious.pt');
  await expect(run({ path }, ctx)).rejects.toMatchObject({
    code: 'WEIGHTS_PICKLE',
    message: expect.stringMatching(/malicious\.pt.*system.*nothing was run/) as string,
  });
  expect(existsSync('/tmp/facewright-was-here')).toBe(false);
});
