// What a fuzzing suite is: cases out of seeds, each of which the code under test accepts or refuses in its own words. Anything else is a finding.
import type { Rng } from '@facewright/tensor';

export type Outcome = 'accepted' | 'refused';
export interface OpenSuite {
  /** Makes the case of a random stream and gives it to the code under test. Throws for a finding. */
  one(rng: Rng): Promise<Outcome> | Outcome;
  close(): Promise<void> | void;
}
export interface Suite {
  readonly about: string;
  /** How long one case may take, ms. */
  readonly limitMs: number;
  /** `folder`: an empty one for its files. */
  open(folder: string): Promise<OpenSuite>;
}

export const pick = <T>(rng: Rng, of: readonly T[]): T => of[rng.integer(of.length)]!;
export const chance = (rng: Rng, probability: number): boolean => rng() < probability;
/** One to eight, mostly one: what has many faults ends at the first. */
export const few = (rng: Rng): number => 1 + Math.floor(8 * rng() ** 4);

/** Texts on which programs stumble. */
export const oddTexts: readonly string[] = [
  '',
  ' ',
  '.',
  '..',
  '../../../../etc/passwd',
  '..\\..\\windows\\system32',
  '/etc/passwd',
  '/dev/zero',
  '/proc/self/environ',
  '~',
  '~root',
  'file:///etc/passwd',
  'CON',
  'nul.json',
  'a.',
  'a ',
  '．．／etc',
  'e\u0301',
  '\u00e9',
  '\0',
  'a\0b',
  '\u202egnp.exe',
  '\ud800',
  '\u{1f600}'.repeat(3),
  'x'.repeat(300),
  'x'.repeat(100_000),
  '𐐀'.repeat(80),
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'length',
  '0',
  '-1',
  '1e999',
  'NaN',
  'null',
  'true',
  '{}',
  '[]',
  '"',
  "'; DROP TABLE runs; --",
  '<script>alert(1)</script>',
  '${7*7}',
  '%00',
  '%2e%2e%2f',
  '%',
  '\r\nSet-Cookie: a=b',
  'asset:sha256:' + '0'.repeat(64),
  'asset:sha256:zz',
  'judging:x',
  'subgraph/a',
  'a:b',
  'a#1:b',
];
/** Values on which programs stumble. */
export const oddValues: readonly unknown[] = [
  ...oddTexts,
  null,
  true,
  false,
  0,
  -0,
  -1,
  0.5,
  1e308,
  -1e308,
  5e-324,
  2 ** 53,
  2 ** 31,
  -(2 ** 31),
  255,
  10_000,
  [],
  {},
  [[]],
  [null],
  [0, 0],
  ['a', 'b'],
  { '': 0 },
  { a: { b: { c: {} } } },
  { kind: 'file', path: '/etc/passwd' },
];
