// Where a single file keeps each parameter: against the key lists of published files, and against what is read from them.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Shape } from '@facewright/tensor';
import { describe, expect, it } from 'vitest';
import type { Json } from '../config.ts';
import { fileOf, modelKinds, partsOf } from '../reference/single-files.ts';
import type { ModelKind } from './kinds.ts';
import { familyOfParts, singleFilePlaces, type SingleFilePart } from './single-file-places.ts';
import { splitSingleFile } from './single-file.ts';

const configsOf = (kind: ModelKind): Partial<Record<SingleFilePart, Json>> => {
  const { unet, vae, text, text2 } = partsOf(kind);
  return { unet: unet!.config, vae: vae!.config, text_encoder: text!.config, ...(text2 && { text_encoder_2: text2.config }) };
};
const withoutOnes = (shape: Shape): Shape => (shape.length === 4 && shape[2] === 1 && shape[3] === 1 ? shape.slice(0, 2) : shape);

describe('places in a single file', () => {
  it.each(modelKinds)('are those that files of this kind are read from: %s', (kind) => {
    const places = singleFilePlaces(configsOf(kind));
    const read = fileOf(kind);
    expect(places.map(({ name }) => name).sort()).toEqual([...read.keys()].sort());
    for (const { name, shape } of places) expect(withoutOnes(shape), name).toEqual(withoutOnes(read.get(name)!.shape));
  });
  it.each(modelKinds)('give a file that is taken for what it was written from: %s', (kind) => {
    const file = new Map(
      singleFilePlaces(configsOf(kind)).map(({ name, shape }) => [
        name,
        { kind: 'file' as const, dtype: 'float16' as const, shape, file: name, offset: 0, length: 0 },
      ]),
    );
    const single = splitSingleFile('written.safetensors', file);
    // the inpainting variant of 2 differs from the other by its input alone
    expect(single.kind).toBe(kind);
    for (const place of singleFilePlaces(configsOf(kind)).filter(({ parameters, transposed }) => parameters.length === 1 && !transposed)) {
      const part = { unet: single.unet, vae: single.vae, text_encoder: single.text, text_encoder_2: single.text2 }[place.part];
      expect(part!.tensors.get(place.parameters[0]!), place.name).toMatchObject({ file: place.name });
    }
  });
  it('tell the families apart by their parts', () => {
    expect(modelKinds.map((kind) => familyOfParts(configsOf(kind)))).toEqual(['sd1', 'sd1', 'sd2', 'sd2', 'sdxl', 'sdxl']);
  });
});

const folder = join(import.meta.dirname, '../../../../../shared/data/keys');
if (!existsSync(folder)) console.warn(`\n*** SKIPPED: key lists of published checkpoints are not at ${folder} ***\n`);
describe.skipIf(!existsSync(folder))('a written Stable Diffusion 1.5 checkpoint', () => {
  it('has exactly the names and shapes of the published one', () => {
    const published = ['sd15_unet_ldm_keys.txt', 'sd15_vae_ldm_keys.txt', 'sd15_clip_text_ldm_keys.txt'].flatMap((file) =>
      readFileSync(join(folder, file), 'utf8')
        .trim()
        .split('\n')
        .map((line) => line.split('\t').slice(0, 2).join(' ')),
    );
    const written = singleFilePlaces(configsOf('sd1')).map(({ name, shape }) => `${name} [${shape.join(', ')}]`);
    // positions count from 0 and are no weights
    expect(written.sort()).toEqual(published.filter((line) => !line.includes('position_ids')).sort());
  });
});
