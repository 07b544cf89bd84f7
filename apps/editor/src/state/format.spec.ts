import { describe, expect, it } from 'vitest';
import { howFar, number, withoutNode } from './format.ts';

describe('howFar', () => {
  it('counts steps, gives a share of many, and says only that it runs when nothing is known', () => {
    expect([howFar(3, 20), howFar(1437, 8000), howFar(0, 0)]).toEqual(['3 of 20', '17 %', 'running']);
  });
});

describe('withoutNode', () => {
  it('leaves out the place only where it is a node', () => {
    expect(withoutNode('node diffusion (facewright/load-diffusion): a.safetensors: expected a checkpoint, got nothing')).toBe(
      'a.safetensors: expected a checkpoint, got nothing',
    );
    expect(withoutNode('node portraits#2:draw (facewright/sampler) > item 3 > input seed: expected a number, got -1')).toBe(
      'item 3 > input seed: expected a number, got -1',
    );
    expect(withoutNode('node: expected one, got none')).toBe('node: expected one, got none');
  });
});

describe('number', () => {
  it('has four significant digits, and an exponent where zeros would hide the value', () => {
    expect([0, 3, 12.3456, 0.032141, 1.234e-7, 123456.7, 1e7 + 0.5, NaN].map(number)).toEqual([
      '0',
      '3',
      '12.35',
      '0.03214',
      '1.23e-7',
      '123500',
      '1.00e+7',
      'NaN',
    ]);
  });
});
