import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRng } from '@facewright/tensor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mutateBytes } from './mutate-bytes.ts';
import { mutateJson } from './mutate-json.ts';
import { runCases } from './run-cases.ts';
import { suites } from './suites.ts';

// A slice of `npm run test:fuzz`, the same every time.
const slice: Readonly<Record<string, number>> = { graphs: 300, safetensors: 300, torch: 300, pictures: 150, http: 150 };
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fuzz-spec-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

it.each(Object.keys(suites))('%s: broken input is refused in words of our own, right input taken', async (name) => {
  const { findings, accepted, refused } = await runCases(suites[name]!, {
    seed: 7,
    from: 0,
    to: slice[name]!,
    folder: mkdtempSync(join(folder, name)),
  });
  expect(findings).toEqual([]);
  expect(accepted).toBeGreaterThan(0);
  expect(refused).toBeGreaterThan(0);
});
describe('mutations', () => {
  it('are the same for the same seed, and nearly never the input itself', () => {
    const file = Uint8Array.from({ length: 400 }, (_, i) => i % 256);
    const made = Array.from({ length: 200 }, (_, i) => mutateBytes(createRng(i), file, [file]));
    expect(made).toEqual(Array.from({ length: 200 }, (_, i) => mutateBytes(createRng(i), file, [file])));
    expect(made.filter((bytes) => Buffer.from(bytes).equals(Buffer.from(file))).length).toBeLessThan(10);
    const document = { a: [1, { b: 'text' }], c: { d: null } };
    const texts = Array.from({ length: 200 }, (_, i) => JSON.stringify(mutateJson(createRng(i), document, [document])));
    expect(new Set(texts).size).toBeGreaterThan(100);
    expect(document).toEqual({ a: [1, { b: 'text' }], c: { d: null } });
  });
  it('a finding names its case and comes again', async () => {
    const suite = {
      about: 'a reader with a mistake',
      limitMs: 1000,
      open: () =>
        Promise.resolve({
          one: (rng: () => number) => {
            if (rng() < 0.05) throw new Error('mistake');
            return 'accepted' as const;
          },
          close: () => {},
        }),
    };
    const { findings } = await runCases(suite, { seed: 1, from: 0, to: 100, folder });
    expect(findings.length).toBeGreaterThan(0);
    const number = findings[0]!.case;
    expect((await runCases(suite, { seed: 1, from: number, to: number + 1, folder })).findings.map((one) => one.case)).toEqual([number]);
  });
});
