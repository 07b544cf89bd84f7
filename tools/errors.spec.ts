import { readFileSync } from 'node:fs';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const documented = [...readFileSync(join(root, 'docs/errors.md'), 'utf8').matchAll(/^\| `([A-Z][A-Z0-9_]+)` \|/gm)].map(
  (match) => match[1]!,
);

async function codesOfTheCode(): Promise<string[]> {
  const files = globSync('{apps,libs,libs/nodes}/*/src/**/*.ts', { cwd: root }).filter((file) => !/\.(spec|test-d)\.ts$/.test(file));
  const tables = files.filter((file) => readFileSync(join(root, file), 'utf8').includes('= defineErrors('));
  const codes: string[] = [];
  for (const file of tables) {
    const module = (await import(join(root, file))) as Record<string, unknown>;
    for (const value of Object.values(module))
      if (typeof value === 'object' && value !== null && 'codes' in value) codes.push(...(value.codes as string[]));
  }
  return codes;
}

it('docs/errors.md has a row for every error code, and no row for a code that is gone', async () => {
  const codes = await codesOfTheCode();
  expect(codes.length).toBeGreaterThan(20);
  expect([...documented].sort()).toEqual([...codes].sort());
});
it('no two error tables share a code', async () => {
  const codes = await codesOfTheCode();
  expect(new Set(codes).size).toBe(codes.length);
});
