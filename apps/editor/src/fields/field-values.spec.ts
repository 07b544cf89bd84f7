import type { PortType } from '@facewright/core';
import { describe, expect, it } from 'vitest';
import { parseField, scrubbed, stepOf } from './field-values.ts';

const whole = { kind: 'number', min: 1, max: 100, integer: true } as const;
const share = { kind: 'number', min: 0, max: 1, integer: false } as const;

describe('parseField', () => {
  it('reads numbers, with a decimal comma too, and refuses what is out of range or not whole with the range', () => {
    expect(parseField(share, '0,25')).toEqual({ value: 0.25 });
    expect(parseField(share, '1e-1')).toEqual({ value: 0.1 });
    for (const text of ['0', '101', '2.5', 'x', 'NaN', 'Infinity'])
      expect(parseField(whole, text), text).toEqual({ problem: 'expected a whole number from 1 to 100' });
  });
  it('takes an empty field as no value, so that the default holds', () => {
    expect(parseField(whole, ' ')).toEqual({ value: undefined });
    expect(parseField({ kind: 'path', of: 'file' }, '')).toEqual({ value: undefined });
  });
  it('keeps text as it is, an empty one too', () => {
    const text: PortType = { kind: 'text', multiline: true };
    expect(parseField(text, ' a\n')).toEqual({ value: ' a\n' });
    expect(parseField(text, '')).toEqual({ value: '' });
  });
  it('refuses a seed beyond the safe whole numbers', () => {
    expect(parseField({ kind: 'seed' }, '9007199254740991')).toEqual({ value: Number.MAX_SAFE_INTEGER });
    expect(parseField({ kind: 'seed' }, '9007199254740992')).toHaveProperty('problem');
    expect(parseField({ kind: 'seed' }, '-1')).toHaveProperty('problem');
  });
});

describe('dragging a number', () => {
  it('stays in the range and on the step', () => {
    expect(scrubbed(whole, 50, 0)).toBe(50);
    expect(scrubbed(whole, 50, 10_000)).toBe(100);
    expect(scrubbed(whole, 50, -10_000)).toBe(1);
    expect(Number.isInteger(scrubbed(whole, 50, 37))).toBe(true);
    expect(scrubbed(share, 0.5, 40)).toBeGreaterThan(0.5);
    expect(stepOf(share)).toBe(0.01);
    expect(stepOf({ kind: 'number', min: 0, max: 1e-4, integer: false })).toBe(1e-6);
  });
});
