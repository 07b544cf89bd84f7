import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFakeContext } from '@facewright/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { notFound } from './not-found.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'not-found-spec-'));
  for (const name of ['realistic_v51.safetensors', 'dream.ckpt', 'realistic_v51.png']) writeFileSync(join(folder, name), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

it('names the file that was probably meant, by its name without the ending', async () => {
  const say = async (name: string) => (await notFound(join(folder, name), 'a checkpoint file', createFakeContext())).message;
  const near = (name: string) => `expected a checkpoint file, such as ${join(folder, name)}, got nothing at this path`;
  expect(await say('Realstic_v51.safetensors')).toContain(near('realistic_v51.safetensors'));
  expect(await say('realistic_v51.ckpt')).toContain(near('realistic_v51.safetensors'));
  expect(await say('dram')).toContain(near('dream.ckpt'));
  expect(await say('other.safetensors')).toContain('expected a checkpoint file, got nothing');
  expect(await say('no-folder/dream.ckpt')).toContain('expected a checkpoint file, got nothing');
});
