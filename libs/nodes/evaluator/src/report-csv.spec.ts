import type { Image } from '@facewright/core';
import { expect, it } from 'vitest';
import type { MeasuredVariant } from './experiment.ts';
import { reportCsv } from './report-csv.ts';

const image = (key: string, caption: string): Image => ({
  asset: { id: `sha256:${'0'.repeat(64)}`, mediaType: 'image/png', bytes: 1 },
  width: 8,
  height: 8,
  key,
  caption,
});
const variant: MeasuredVariant = {
  role: 'base',
  label: '=SUM(A1)',
  facts: {},
  keys: ['a#1', 'b#1'],
  images: [image('a#1', 'a "red", hat'), image('b#1', 'plain')],
  values: { FaceScore: [{ value: 0.5 }, { value: null, note: 'no face found' }] },
  features: {},
};

it('gives a row for each picture and metric, quoted, with why a picture was not scored, and no formulas', () => {
  const id = `sha256:${'0'.repeat(64)}`;
  expect(reportCsv([variant, { ...variant, role: 'control', label: 'Base, noised', images: [null, null] }])).toBe(
    [
      'variant,role,key,prompt,metric,value,note,picture',
      `'=SUM(A1),base,a#1,"a ""red"", hat",FaceScore,0.5,,${id}`,
      `'=SUM(A1),base,b#1,plain,FaceScore,,no face found,${id}`,
      '"Base, noised",control,a#1,,FaceScore,0.5,,',
      '"Base, noised",control,b#1,,FaceScore,,no face found,',
      '',
    ].join('\r\n'),
  );
});
