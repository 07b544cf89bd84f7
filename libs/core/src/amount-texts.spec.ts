import { expect, it } from 'vitest';
import { durationText, fileSizeText } from './amount-texts.ts';

it('durations are read at a glance, and never have 60 seconds or minutes', () => {
  expect([0.04, 4.24, 9.96, 59.4, 59.6, 119.7, 200, 3599.8, 3900].map(durationText)).toEqual([
    '0.0 s',
    '4.2 s',
    '10 s',
    '59 s',
    '1 min 0 s',
    '2 min 0 s',
    '3 min 20 s',
    '1 h 0 min',
    '1 h 5 min',
  ]);
});
it('sizes have three digits and the next unit where they would have four', () => {
  expect([0, 999, 1000, 232_589, 999_499, 999_500, 4_264_941_228].map(fileSizeText)).toEqual([
    '0 bytes',
    '999 bytes',
    '1.00 kB',
    '233 kB',
    '999 kB',
    '1.00 MB',
    '4.26 GB',
  ]);
});
