import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { isFileName, placeInside } from './file-name.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'file-name-spec-'));
  mkdirSync(join(folder, 'real'));
  symlinkSync(tmpdir(), join(folder, 'link'));
});
afterAll(() => rmSync(folder, { recursive: true }));

it.each(['a', 'Face 1.png', 'caf\u00e9.json', '顔', '.hidden', 'a..b', 'console', 'x'.repeat(200)])('a file may be called "%s"', (name) => {
  expect(isFileName(name)).toBe(true);
});
it.each([
  '',
  '.',
  '..',
  '...',
  '/etc/passwd',
  'a/b',
  'a\\b',
  'C:',
  'a:stream',
  'a\0b',
  'a\nb',
  '\u202egnp.exe',
  '\ud800',
  'CON',
  'con.json',
  'Nul.tar.gz',
  'LPT1',
  'com\u00b9.txt',
  'a.',
  'a ',
  ' a',
  'cafe\u0301',
  '\uff0e\uff0e',
  '\uff0e\uff0e\uff0fetc',
  'what?',
  'x'.repeat(201),
  '\u{10400}'.repeat(51),
])('no file is called "%s"', (name) => {
  expect(isFileName(name)).toBe(false);
});
it('a name may lead into folders, but not out of its own', async () => {
  expect(await placeInside(folder, 'new/deeper/a.png')).toBe(join(folder, 'new/deeper/a.png'));
  expect(await placeInside(folder, 'real/a.png')).toBe(join(folder, 'real/a.png'));
  for (const name of ['../a.png', 'real/../../a.png', '/etc/a.png', 'real//a.png', './a.png', 'link/a.png', 'real/\0'])
    expect(await placeInside(folder, name), name).toBeNull();
});
