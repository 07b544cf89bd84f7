import { describe, expect, it } from 'vitest';
import { isBlank, type Change } from './strokes.ts';

const stroke = (erase: boolean): Change => ({ kind: 'stroke', erase, size: 4, points: [{ x: 1, y: 1 }] });

describe('isBlank', () => {
  it('is so until something is painted, and again after all is cleared', () => {
    expect(isBlank([], false)).toBe(true);
    expect(isBlank([stroke(true)], false)).toBe(true);
    expect(isBlank([stroke(false)], false)).toBe(false);
    expect(isBlank([stroke(false), { kind: 'clear' }, stroke(true)], false)).toBe(true);
  });
  it('is not so for a mask that was there, nor for an inverted one', () => {
    expect(isBlank([stroke(true)], true)).toBe(false);
    expect(isBlank([{ kind: 'clear' }], true)).toBe(true);
    expect(isBlank([{ kind: 'clear' }, { kind: 'invert' }], true)).toBe(false);
  });
});
