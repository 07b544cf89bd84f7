import { expect, it } from 'vitest';
import { findModels } from './find-models.ts';

const models = ['checkpoints/anime/Soft.ckpt', 'checkpoints/Realistic.safetensors', 'checkpoints/soft-realistic.safetensors'].map(
  (path) => ({
    path,
    kind: 'safetensors' as const,
    bytes: 1,
    modified: '',
  }),
);
const found = (query: string) => findModels(models, query).map(({ path }) => path.split('/').at(-1));

it('finds models by every word of their path in any case, names that begin with the first word first', () => {
  expect(found('')).toHaveLength(3);
  expect(found('REAL')).toEqual(['Realistic.safetensors', 'soft-realistic.safetensors']);
  expect(found('real soft')).toEqual(['soft-realistic.safetensors']);
  expect(found('anime')).toEqual(['Soft.ckpt']);
  expect(found('none')).toEqual([]);
});
