import { expect, it } from 'vitest';
import { safeName, safePath } from './safe-name.ts';

it.each([
  ['a smiling woman / park', 'a-smiling-woman-park'],
  ['../../etc/passwd', 'etc-passwd'],
  ['', 'picture'],
  ['...', 'picture'],
  ['nul', '_nul'],
  ['CON.txt', '_CON.txt'],
  ['console', 'console'],
  ['cafe\u0301.', 'caf\u00e9'],
  ['a\0b\u202ec', 'a-b-c'],
])('%j becomes the file name %j', (text, name) => {
  expect(safeName(text)).toBe(name);
});
it('long names are cut between letters, to what file systems take', () => {
  expect(safeName('x'.repeat(500))).toHaveLength(90);
  expect(safeName('顔'.repeat(100))).toBe('顔'.repeat(30));
  expect(safeName(`${'x'.repeat(89)}顔`)).toBe('x'.repeat(89));
});
it('a path stays one of folders', () => {
  expect(safePath('faces\\good/../a b')).toBe('faces/good/picture/a-b');
});
