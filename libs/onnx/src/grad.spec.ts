import { createRuntime } from '@facewright/runtime';
import { createRng, float32, sizeOf, type Shape, type Tensor } from '@facewright/tensor';
import { describe, expect, it } from 'vitest';
import { buildModel } from './build-model.ts';
import { op } from './builder.ts';
import { geglu, groupNorm, mean, mseLoss, quickGelu, scaledDotProductAttention, silu } from './composite.ts';
import { describeModel } from './describe-model.ts';
import { grad } from './grad.ts';
import { input } from './source.ts';
import { stopGradient } from './stop-gradient.ts';
import { checkGradient } from './testing/check-gradient.ts';
import type { Value } from './value.ts';

const runtime = await createRuntime({ provider: 'cpu' });
/** Evaluates values of one element each. */
const evaluate = async (values: readonly Value[], feeds: Record<string, number>): Promise<number[]> => {
  const session = await runtime.open(buildModel(Object.fromEntries(values.map((value, index) => [`y${index}`, value]))));
  const given = Object.fromEntries(session.inputs.map(({ name }) => [name, float32([], [feeds[name]!])]));
  const results = await session.run(given);
  await session.release();
  return values.map((_, index) => (results[`y${index}`]!.data as Float32Array)[0]!);
};
const scalarInput = (name: string) => input(name, 'float32', []);
const noise = (shape: Shape, seed: number): Tensor => {
  const rng = createRng(seed);
  return float32(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, () => Math.round((rng() * 3 - 1.5) * 256) / 256),
  );
};

describe('grad', () => {
  it('adds up what arrives over several paths', async () => {
    const x = scalarInput('x');
    const square = op.Mul([x, x]);
    expect(await evaluate(grad(op.Add([op.Mul([square, x]), square]), [x]), { x: 3 })).toEqual([27 + 6]);
  });
  it('gives gradients of values inside the graph as well, and lets them flow on', async () => {
    const x = scalarInput('x');
    const inner = op.Mul([x, 3]);
    expect(await evaluate(grad(op.Mul([inner, inner]), [inner, x]), { x: 2 })).toEqual([12, 36]);
  });
  it('gives zeros of its shape and type for an x that the result does not depend on', async () => {
    const [x, other] = [scalarInput('x'), input('other', 'float64', [2, 3])];
    const zero = grad(op.Mul([x, x]), [other])[0]!;
    expect([zero.dtype, zero.shape]).toEqual(['float64', [2, 3]]);
    const session = await runtime.open(buildModel({ zero }));
    expect([...((await session.run({}))['zero']!.data as Float64Array)]).toEqual([0, 0, 0, 0, 0, 0]);
    await session.release();
  });
  it('does not cross stopGradient, whose value stays', async () => {
    const x = scalarInput('x');
    const y = op.Mul([x, stopGradient(op.Mul([x, x]))]);
    expect(await evaluate([y, ...grad(y, [x])], { x: 3 })).toEqual([27, 9]);
  });
  it('stops where a number becomes a whole number or a truth value', async () => {
    const x = scalarInput('x');
    const whole = op.Cast([op.Cast([op.Mul([x, 4])], { to: 'int64' })], { to: 'float32' });
    const sign = op.Where([op.Greater([x, 0]), 5, 7]);
    expect(await evaluate(grad(op.Mul([op.Mul([x, whole]), sign]), [x]), { x: 3 })).toEqual([60]);
  });
  it('builds nothing for branches that lead to no x', () => {
    const [x, frozen] = [input('x', 'float32', [4, 4]), input('frozen', 'float32', [4, 4])];
    const model = buildModel({ g: grad(mean(op.MatMul([x, op.Exp([op.MatMul([frozen, frozen])])])), [x])[0]! });
    // Two forward products are needed for the gradient of x; the gradients of `frozen` would be more.
    expect(describeModel(model.bytes).nodes.filter((node) => node.op === 'MatMul' || node.op === 'Gemm')).toHaveLength(2);
  });
  it('needs a seed for a result of many elements, of its shape and type', () => {
    const x = input('x', 'float32', [2]);
    expect(() => grad(op.Exp([x]), [x])).toThrow(expect.objectContaining({ code: 'ONNX_SEED' }));
    expect(() => grad(op.Exp([x]), [x], input('s', 'float32', [3]))).toThrow('gradient seed: expected float32 [2], got float32 [3]');
  });
  it('names the operator that has no gradient, and why', () => {
    const [q, bias] = [input('q', 'float32', [1, 2, 4]), input('bias', 'float32', [12])];
    expect(() => grad(mean(op.MultiHeadAttention([q, q, q, bias], { num_heads: 2 })), [q])).toThrow(
      expect.objectContaining({ code: 'ONNX_NO_GRADIENT', message: expect.stringContaining('MultiHeadAttention') as string }),
    );
  });
  it('does not mind an operator without gradient beside the path', () => {
    const [x, q, bias] = [input('x', 'float32', [1, 2, 4]), input('q', 'float32', [1, 2, 4]), input('bias', 'float32', [12])];
    expect(grad(mean(op.Mul([x, op.MultiHeadAttention([q, q, q, bias], { num_heads: 2 })])), [x])[0]!.shape).toEqual([1, 2, 4]);
  });
  it('differentiates graphs deeper than the call stack', () => {
    const x = input('x', 'float32', [1]);
    let y = x;
    for (let depth = 0; depth < 20_000; depth++) y = op.Neg([y]);
    expect(grad(y, [x])[0]!.shape).toEqual([1]);
  });
  it('gives second derivatives', async () => {
    const x = scalarInput('x');
    const first = grad(op.Mul([op.Mul([x, x]), op.Exp([x])]), [x])[0]!;
    const [second] = await evaluate(grad(first, [x]), { x: 0.5 });
    expect(second).toBeCloseTo((0.25 + 2 + 2) * Math.exp(0.5), 5);
  });
});

const layers: readonly (readonly [string, readonly Shape[], (xs: readonly Value[]) => Value])[] = [
  ['silu', [[2, 5]], ([x]) => silu(x!)],
  ['quickGelu', [[2, 5]], ([x]) => quickGelu(x!)],
  ['geglu', [[2, 3, 8]], ([x]) => geglu(x!)],
  ['groupNorm of pictures', [[2, 6, 4, 3], [6], [6]], ([x, s, b]) => groupNorm(x!, s!, b!, { groups: 3, epsilon: 1e-5 })],
  ['groupNorm of sequences, one group', [[2, 4, 5], [4], [4]], ([x, s, b]) => groupNorm(x!, s!, b!, { groups: 1, epsilon: 0.1 })],
  [
    'attention',
    [
      [2, 3, 8],
      [2, 5, 8],
      [2, 5, 8],
    ],
    ([q, k, v]) => scaledDotProductAttention(q!, k!, v!, { heads: 2 }),
  ],
  [
    'attention with a mask',
    [
      [2, 3, 8],
      [2, 5, 8],
      [2, 5, 4],
      [1, 1, 3, 5],
    ],
    ([q, k, v, mask]) => scaledDotProductAttention(q!, k!, v!, { heads: 2, mask: mask! }),
  ],
  ['mseLoss, broadcasting', [[3, 4], [4]], ([a, b]) => mseLoss(a!, b!)],
];
describe('gradients of whole layers agree with central differences', () => {
  it.each(layers)('%s', async (_, shapes, build) => {
    const { exact, error } = await checkGradient({ runtime, at: shapes.map((shape, index) => noise(shape, index + 1)), build });
    expect(exact).not.toBe(0);
    expect(error).toBeLessThan(2e-5);
  });
  it('groupNorm of a picture of one colour, where the variance is 0', async () => {
    const x = input('x', 'float32', [1, 2, 2, 2]);
    const g = grad(mean(op.Exp([groupNorm(x, input('s', 'float32', [2]), input('b', 'float32', [2]), { groups: 1, epsilon: 1e-5 })])), [
      x,
    ])[0]!;
    const session = await runtime.open(buildModel({ g }));
    const { data } = (
      await session.run({ x: float32([1, 2, 2, 2], Array<number>(8).fill(0.5)), s: float32([2], [1, 1]), b: float32([2], [0, 0]) })
    )['g']!;
    await session.release();
    // exp'(0) is the same everywhere, and a common shift has no effect on a normalised picture.
    expect([...(data as Float32Array)]).toEqual(Array(8).fill(0));
  });
});

describe('layers', () => {
  it('fused attention gives the values of the written one, with and without mask', async () => {
    const [q, k, v, mask] = [
      input('q', 'float32', [2, 3, 8]),
      input('k', 'float32', [2, 5, 8]),
      input('v', 'float32', [2, 5, 8]),
      input('mask', 'float32', [1, 1, 3, 5]),
    ];
    for (const options of [{ heads: 2 }, { heads: 2, mask }]) {
      const session = await runtime.open(
        buildModel({ a: scaledDotProductAttention(q, k, v, options), b: scaledDotProductAttention(q, k, v, { ...options, fused: true }) }),
      );
      const all = { q: noise([2, 3, 8], 1), k: noise([2, 5, 8], 2), v: noise([2, 5, 8], 3), mask: noise([1, 1, 3, 5], 4) };
      const { a, b } = await session.run(Object.fromEntries(session.inputs.map(({ name }) => [name, all[name as keyof typeof all]])));
      await session.release();
      const worst = Math.max(...[...(a!.data as Float32Array)].map((value, index) => Math.abs(value - (b!.data as Float32Array)[index]!)));
      expect(worst).toBeLessThan(1e-6);
    }
  });
  it('groupNorm normalises each group of each picture, then scales and shifts channels', async () => {
    const x = noise([2, 4, 3, 1], 9);
    const y = groupNorm(input('x', 'float32', [2, 4, 3, 1]), input('s', 'float32', [4]), input('b', 'float32', [4]), {
      groups: 2,
      epsilon: 1e-5,
    });
    const session = await runtime.open(buildModel({ y }));
    const [s, b] = [
      [1, 2, 3, 4],
      [0.5, 0, -0.5, 1],
    ];
    const got = (await session.run({ x, s: float32([4], s), b: float32([4], b) }))['y']!.data as Float32Array;
    await session.release();
    for (let group = 0; group < 4; group++) {
      const own = [...(x.data as Float32Array).slice(group * 6, group * 6 + 6)];
      const average = own.reduce((sum, value) => sum + value, 0) / 6;
      const deviation = Math.sqrt(own.reduce((sum, value) => sum + (value - average) ** 2, 0) / 6 + 1e-5);
      own.forEach((value, index) => {
        const channel = (((group % 2) * 6 + index) / 3) | 0;
        expect(Math.abs(got[group * 6 + index]! - (((value - average) / deviation) * s[channel]! + b[channel]!))).toBeLessThan(2e-6);
      });
    }
  });
  it('refuses groups, heads and gates that do not divide', () => {
    const x = input('x', 'float32', [1, 6, 5]);
    expect(() => groupNorm(x, x, x, { groups: 4, epsilon: 1 })).toThrow('channels in 4 equal groups');
    expect(() => scaledDotProductAttention(x, x, x, { heads: 2 })).toThrow('queries [batch, tokens, 2 x size]');
    expect(() => geglu(x)).toThrow('an even last axis');
  });
});

describe('the gradient of fused attention', () => {
  it('is that of attention written out, where queries go in chunks as well', async () => {
    // 2 heads of 1,100 by 1,100 probabilities: more than one chunk holds.
    const shape = [1, 1100, 8];
    const [q, k, v] = ['q', 'k', 'v'].map((name) => input(name, 'float32', shape)) as [Value, Value, Value];
    const seed = input('seed', 'float32', shape);
    const gradients = (fused: boolean) => grad(scaledDotProductAttention(q, k, v, { heads: 2, fused }), [q, k, v], seed);
    const named = (values: readonly Value[]) => Object.fromEntries(values.map((value, index) => [`g${index}`, value]));
    const feeds = Object.fromEntries(['q', 'k', 'v', 'seed'].map((name, index) => [name, noise(shape, index + 1)]));
    const [fused, plain] = await Promise.all(
      [true, false].map(async (fused) => {
        const model = buildModel(named(gradients(fused)));
        const session = await runtime.open(model);
        const results = await session.run(feeds);
        await session.release();
        return { results, chunks: describeModel(model.bytes).nodes.filter((node) => node.op === 'Softmax').length };
      }),
    );
    expect([fused!.chunks, plain!.chunks]).toEqual([2, 1]);
    for (const name of ['g0', 'g1', 'g2']) {
      const [got, want] = [fused, plain].map((side) => side!.results[name]!.data as Float32Array) as [Float32Array, Float32Array];
      const size = Math.max(...want.map(Math.abs));
      // Sums of 1,100 products in another order, in single precision.
      expect(Math.max(...got.map((value, index) => Math.abs(value - want[index]!))) / size, name).toBeLessThan(1e-5);
    }
  });
});
