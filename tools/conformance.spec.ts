import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const folder = 'libs/engine/src/conformance';
const read = (path: string) => readFileSync(join(root, path), 'utf8');
/** "FILE: name of a spec", "FILE" alone for all of its specs. */
const references = (cell: string) =>
  cell
    .split('; ')
    .reduce<string[]>((whole, part) => {
      // A name may hold a semicolon itself.
      if (whole.length > 0 && !/^[\w/.-]+(: |$)/.test(part)) whole[whole.length - 1] += `; ${part}`;
      else whole.push(part);
      return whole;
    }, [])
    .map((reference) => {
      const [, file, name] = /^([\w/.-]+)(?:: (.*))?$/s.exec(reference)!;
      return { path: file!.includes('/') ? file! : `${folder}/${file}.spec.ts`, name };
    });
const rows = read('docs/conformance.md')
  .split('\n')
  .filter((line) => /^\|(?! *(scenario|---))/.test(line))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
  .map(([scenario, state, how, spec]) => ({ scenario: scenario!, state: state!, how: how!, specs: spec ? references(spec) : [] }));

describe('docs/conformance.md', () => {
  it.each(rows)('$scenario: says whether it holds, and names specs that exist or says why there is none', ({ state, how, specs }) => {
    expect(['holds', 'differs', 'n/a']).toContain(state);
    if (state !== 'holds') expect(how).not.toBe('');
    if (state === 'holds') expect(specs).not.toEqual([]);
    for (const { path, name } of specs) {
      expect(existsSync(join(root, path)), path).toBe(true);
      if (name !== undefined) expect(read(path)).toContain(`('${name}',`);
    }
  });
  it('leaves out no spec of the conformance folder', () => {
    const named = new Set(rows.flatMap(({ specs }) => specs.map(({ path, name }) => `${path}: ${name}`)));
    for (const file of readdirSync(join(root, folder)).filter((name) => name.endsWith('.spec.ts')))
      for (const [, name] of read(`${folder}/${file}`).matchAll(/^ *(?:it|\]\))\('(.*)',/gm))
        expect(named).toContain(`${folder}/${file}: ${name}`);
  });
});
