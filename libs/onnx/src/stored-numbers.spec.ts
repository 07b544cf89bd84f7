// Weights of a graph are counted once, however often they are used.
import { float32 } from '@facewright/tensor';
import { expect, it } from 'vitest';
import { op } from './builder.ts';
import { input, parameter } from './source.ts';
import { storedNumbers } from './stored-numbers.ts';

it('counts stored parameters by name, and neither inputs nor constants', () => {
  const stored = (name: string, dims: readonly number[]) => {
    const data = new Float32Array(dims.reduce((a, b) => a * b, 1));
    return parameter(name, 'float32', dims, { kind: 'memory', tensor: float32(dims, data) });
  };
  const x = input('x', 'float32', [2, 3]);
  const once = op.MatMul([x, stored('w', [3, 4])]);
  const again = op.MatMul([op.Mul([x, 2]), stored('w', [3, 4])]);
  expect(storedNumbers([op.Add([once, again]), op.Add([once, stored('b', [4])])])).toBe(12 + 4);
});
