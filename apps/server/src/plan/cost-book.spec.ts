import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineNode, port, type NodeDefinition } from '@facewright/core';
import type { KeyParts } from '@facewright/engine';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createCostBook, type CostBook } from './cost-book.ts';
import { openDatabase, type Database } from '../data/database.ts';

const sampler = defineNode({
  type: 'test/sampler',
  version: 2,
  title: 'Sampler',
  summary: 'Draws.',
  category: 'Test',
  effects: 'none',
  inputs: {
    steps: port.integer({ min: 1, max: 100, default: 10 }),
    size: port.choice(['small', 'large'], { default: 'small' }),
    prompt: port.text({ default: '' }),
    seed: port.seed(),
  },
  outputs: { images: port.images() },
}) as NodeDefinition;
const parts = (values: Record<string, unknown>): KeyParts => ({
  type: 'test/sampler',
  version: 2,
  inputs: Object.fromEntries(
    Object.entries({ steps: 10, size: 'small', prompt: 'A face.', seed: 0, ...values }).map(([name, value]) => [name, { value }]),
  ),
});

let folder: string, database: Database, book: CostBook;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cost-spec-'));
  database = openDatabase(join(folder, 'facewright.sqlite'));
  book = createCostBook(database);
});
afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true });
});
const record = (values: Record<string, unknown>, seconds: number, memory: number | null = null, provider = 'cpu') =>
  book.record({ parts: parts(values), seconds, memory, provider }, sampler);
const foretell = (values: Record<string, unknown>, provider = 'cpu') => book.foretell(parts(values), sampler, provider);

it('foretells nothing of what never ran on the provider', () => {
  record({}, 1, null, 'webgpu');
  book.flush();
  expect(foretell({})).toBeNull();
});
it('goes by the median of runs with the same settings, whatever the seed and the prompt', () => {
  [3, 1, 2].forEach((seconds, seed) => record({ seed, prompt: `Face ${seed}.` }, seconds, 1e9 + seed));
  record({ size: 'large' }, 50);
  book.flush();
  expect(foretell({ seed: 99 })).toEqual({ basis: 'same settings', runs: 3, seconds: 2, memory: 1e9 + 2 });
});
it('scales runs that differ in steps alone, and else says that settings were others', () => {
  record({ steps: 20 }, 4);
  book.flush();
  expect(foretell({ steps: 50 })).toEqual({ basis: 'other steps', runs: 1, seconds: 10, memory: null });
  expect(foretell({ steps: 50, size: 'large' })).toEqual({ basis: 'other settings', runs: 1, seconds: 4, memory: null });
});
it('remembers what was written when the data folder is opened again, and forgets what is old', () => {
  for (let i = 0; i < 30; i++) record({}, i);
  for (let steps = 1; steps <= 100; steps++) record({ steps, size: 'large' }, 1);
  book.flush();
  const again = createCostBook(database);
  expect(again.foretell(parts({ steps: 77, size: 'large' }), sampler, 'cpu')).toMatchObject({ basis: 'same settings', runs: 1 });
  record({}, 100);
  book.flush();
  expect(foretell({})!.runs).toBeLessThanOrEqual(9);
  expect(database.prepare('SELECT count(*) FROM costs').pluck().get()).toBe(100);
});
