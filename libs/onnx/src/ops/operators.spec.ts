// Every operator against onnxruntime and a computation of its own, every gradient against central differences.
import { createRuntime, type Runtime } from '@facewright/runtime';
import { sizeOf, type Tensor } from '@facewright/tensor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildModel } from '../build-model.ts';
import { op } from '../builder.ts';
import { grad } from '../grad.ts';
import type { Op } from '../op.ts';
import { input } from '../source.ts';
import { checkGradient } from '../testing/check-gradient.ts';
import { operatorCases, type OperatorCase } from '../testing/operator-cases.ts';
import { ops } from './index.ts';

/** Beside 1 or the largest value: a few units in the last place. */
const VALUE_TOLERANCE = { float64: 1e-14, float32: 1e-6 };
/** By the measure of `checkGradient`; ten times the largest error seen. */
const GRADIENT_TOLERANCE = { float64: 1e-10, float32: 2e-5 };

let runtime: Runtime;
beforeAll(async () => {
  runtime = await createRuntime({ provider: 'cpu' });
});
afterAll(() => runtime.dispose());

const dtypeOf = ({ at }: OperatorCase) => at[0]!.dtype as 'float64' | 'float32';
const gradientTolerance = (entry: OperatorCase) =>
  entry.gradientTolerance === 'none' ? 0 : (entry.gradientTolerance ?? GRADIENT_TOLERANCE[dtypeOf(entry)]);
const differentiable = Object.entries(ops as Record<string, Op<object>>)
  .filter(([, { vjp }]) => typeof vjp === 'function')
  .map(([name]) => name);

describe.each(operatorCases.map((entry) => ({ ...entry, name: `${entry.op}: ${entry.title}` })))('$name', (entry) => {
  it('has the inferred shape, and the expected values', async () => {
    const xs = entry.at.map((tensor, index) => input(`x${index}`, tensor.dtype, tensor.dims));
    const y = entry.build(op, xs);
    const session = await runtime.open(buildModel({ y }, { inputs: xs }));
    const result = (await session.run(Object.fromEntries(entry.at.map((tensor, index) => [`x${index}`, tensor]))))[
      'y'
    ] as Tensor<'float32'>;
    await session.release();
    expect([result.dtype, ...result.dims]).toEqual([y.dtype, ...y.shape]);
    expect(result.data.length).toBe(sizeOf(y.shape));
    if (!entry.expected) return;
    const expected = Array.from(entry.expected(entry.at.map(({ data }) => Float64Array.from(data as Float32Array))));
    expect(result.data.length).toBe(expected.length);
    const size = Math.max(1, ...expected.map(Math.abs));
    const worst = Math.max(...expected.map((value, index) => Math.abs(value - result.data[index]!))) / size;
    expect(worst).toBeLessThan(VALUE_TOLERANCE[dtypeOf(entry)]);
  });

  it.skipIf(entry.gradientTolerance === 'none')('has the gradient of central differences', async () => {
    const { exact, numeric, error } = await checkGradient({ runtime, at: entry.at, build: (xs) => entry.build(op, xs) });
    expect(exact).not.toBe(0);
    expect(error, `gradient ${exact}, differences ${numeric}`).toBeLessThan(gradientTolerance(entry));
  });
});

describe('the table of operators', () => {
  it('has a case for every operator', () => {
    const covered = new Set<string>(operatorCases.map((entry) => entry.op));
    expect(Object.keys(ops).filter((name) => !covered.has(name))).toEqual([]);
  });
  it('has a gradient case for every operator with a rule', () => {
    const covered = new Set<string>(operatorCases.filter(({ gradientTolerance }) => gradientTolerance !== 'none').map((entry) => entry.op));
    expect(differentiable.filter((name) => !covered.has(name))).toEqual([]);
  });
  it('gives a reason wherever there is no rule', () => {
    for (const { vjp } of Object.values(ops as Record<string, Op<object>>)) {
      if (typeof vjp !== 'function') expect('zero' in vjp ? vjp.zero : vjp.unwritten).toMatch(/\w+ \w+/);
    }
  });
});

describe('the gradient check', () => {
  const float = operatorCases.filter(({ gradientTolerance }) => gradientTolerance !== 'none');

  it.each(differentiable)('fails when the gradient of %s is off by 1 %%', async (name) => {
    const entry = float.find((candidate) => candidate.op === name)!;
    const off: typeof grad = (y, xs, seed) => grad(y, xs, seed).map((g) => op.Mul([g, 1.01]));
    const errors: number[] = [];
    // The terms of one direction may cancel, and 1 % of little is little.
    for (const seed of [1, 2, 3])
      errors.push((await checkGradient({ runtime, at: entry.at, build: (xs) => entry.build(op, xs), differentiate: off, seed })).error);
    expect(Math.max(...errors)).toBeGreaterThan(gradientTolerance(entry));
  });

  it('fails when one operand of a product gets the wrong gradient', async () => {
    const entry = float.find((candidate) => candidate.op === 'MatMul')!;
    const report = await checkGradient({
      runtime,
      at: entry.at,
      build: (xs) => entry.build(op, xs),
      differentiate: (y, xs, seed) => grad(y, xs, seed).map((g, index) => (index === 1 ? op.Neg([g]) : g)),
    });
    expect(report.error).toBeGreaterThan(0.1);
  });

  it('refuses a gradient of another shape', async () => {
    const entry = float.find((candidate) => candidate.op === 'Exp')!;
    await expect(
      checkGradient({
        runtime,
        at: entry.at,
        build: (xs) => entry.build(op, xs),
        differentiate: (y, xs, seed) => grad(y, xs, seed).map((g) => op.Unsqueeze([g], { axes: [0] })),
      }),
    ).rejects.toThrow('expected float64 [2, 3], got float64 [1, 2, 3]');
  });
});
