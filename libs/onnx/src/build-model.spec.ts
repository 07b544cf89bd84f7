import { createRuntime } from '@facewright/runtime';
import { float32, int64, type Tensor } from '@facewright/tensor';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildModel } from './build-model.ts';
import { op } from './builder.ts';
import { describeModel } from './describe-model.ts';
import { constant, input, parameter } from './source.ts';

const runtime = await createRuntime({ provider: 'cpu' });
const run = async (model: ReturnType<typeof buildModel>, feeds: Record<string, Tensor>) => {
  const session = await runtime.open(model);
  const results = await session.run(feeds);
  await session.release();
  return results;
};
const ramp = (count: number) =>
  float32(
    [count],
    Array.from({ length: count }, (_, index) => index),
  );

describe('building values', () => {
  it('takes numbers in the element type of the operand beside them', () => {
    expect(op.Add([1, input('x', 'float64', [2])]).dtype).toBe('float64');
    expect(op.Mul([input('x', 'int64', [2]), 2]).dtype).toBe('int64');
    expect(op.Where([input('c', 'bool', [2]), 0, input('x', 'float16', [2])]).dtype).toBe('float16');
    expect(op.Add([1, 2]).dtype).toBe('float32');
  });
  it.each([
    [
      'Add',
      () => op.Add([input('a', 'float32', [2, 3]), input('b', 'float32', [4])]),
      'Add: expected shapes that broadcast, got [2, 3] and [4]',
    ],
    [
      'Add',
      () => op.Add([input('a', 'float32', [2]), input('b', 'int64', [2])]),
      'Add: expected operands of one element type, got float32 [2] and int64 [2]',
    ],
    ['MatMul', () => op.MatMul([input('a', 'float32', [2, 3]), input('b', 'float32', [2, 3])]), 'MatMul: expected […, m, k] and […, k, n]'],
    [
      'Conv',
      () => op.Conv([input('x', 'float32', [1, 3, 8, 8]), input('w', 'float32', [4, 2, 3, 3])]),
      'Conv: expected a picture [n, c, h, w] and a kernel [o, c / 1, kh, kw]',
    ],
    [
      'Conv',
      () => op.Conv([input('x', 'float32', [1, 3, 2, 2]), input('w', 'float32', [4, 3, 3, 3])]),
      'a kernel that fits the padded picture',
    ],
    [
      'Reshape',
      () => op.Reshape([input('x', 'float32', [2, 3])], { shape: [4, -1] }),
      'Reshape: expected a shape of 6 elements with at most one -1, got [4, -1]',
    ],
    ['Transpose', () => op.Transpose([input('x', 'float32', [2, 3])], { perm: [0, 0] }), 'Transpose: expected a permutation of 2 axes'],
    ['ReduceSum', () => op.ReduceSum([input('x', 'float32', [2])], { axes: [1] }), 'expected an axis in [-1, 1), got 1'],
    ['ReduceSum', () => op.ReduceSum([input('x', 'float32', [2])], { axes: [0, -1] }), 'expected axes without repeats'],
    [
      'Split',
      () => op.Split([input('x', 'float32', [5])], { axis: 0, split: [2, 2] }),
      'Split: expected parts that add up to 5, got [2, 2]',
    ],
    [
      'Gather',
      () => op.Gather([input('x', 'float32', [5]), input('i', 'float32', [2])], { axis: 0 }),
      'Gather: expected int64 or int32 indices, got float32 [2]',
    ],
    ['Sqrt', () => op.Sqrt([input('x', 'int64', [5])]), 'Sqrt: expected floating-point numbers, got int64 [5]'],
    [
      'Slice',
      () => op.Slice([input('x', 'float32', [5])], { starts: [0], ends: [1, 2], axes: [0] }),
      'as many starts, ends and steps as axes',
    ],
    ['Pad', () => op.Pad([input('x', 'float32', [5])], { pads: [0, -1] }), 'Pad: expected 2 pads of 0 or more'],
    ['Concat', () => op.Concat([input('x', 'float32', [5, 2]), input('y', 'float32', [4, 3])], { axis: 1 }), 'shapes equal but for axis 1'],
    [
      'Resize',
      () => op.Resize([input('x', 'float32', [5, 2])], { sizes: [1, 1], mode: 'nearest' }),
      'Resize: expected a picture [n, c, h, w]',
    ],
    [
      'LayerNormalization',
      () => op.LayerNormalization([input('x', 'float32', [5, 2]), input('s', 'float32', [5])], { axis: -1, epsilon: 1e-5 }),
      'a scale and bias [2]',
    ],
    [
      'MultiHeadAttention',
      () =>
        op.MultiHeadAttention(
          [1, 2, 3].map((t) => input('x', 'float32', [1, t, 6])),
          { num_heads: 4 },
        ),
      'query [b, t, 4 d]',
    ],
  ])('refuses operands of %s that do not fit: %#', (_, build, message) => {
    expect(build).toThrow(expect.objectContaining({ code: 'ONNX_SHAPE', message: expect.stringContaining(message) as string }));
  });
  it('refuses parameters and constants whose data is of another size', () => {
    expect(() => parameter('w', 'float16', [4], { kind: 'file', file: 'a', offset: 0, length: 16 })).toThrow(
      'parameter w: expected 8 bytes for float16 [4], got 16',
    );
    expect(() => parameter('w', 'float32', [4], { kind: 'memory', tensor: ramp(3) })).toThrow(
      'parameter w: expected float32 [4], got float32 [3]',
    );
    expect(() => constant({ dtype: 'float32', dims: [4], data: new Float32Array(3) })).toThrow('expected 4 elements');
  });
});

describe('building a model', () => {
  it('writes every value once, small constants shared, with readable names', () => {
    const x = input('x', 'float32', [2]);
    const shared = op.Mul([x, 2]);
    const { nodes, initializers } = describeModel(buildModel({ y: op.Add([shared, op.Mul([shared, 2])]) }).bytes);
    expect(nodes).toEqual([
      { name: 'Mul_1', op: 'Mul', domain: '', inputs: ['x', '2'], outputs: ['Mul_1'] },
      { name: 'Mul_2', op: 'Mul', domain: '', inputs: ['Mul_1', '2'], outputs: ['Mul_2'] },
      { name: 'Add_1', op: 'Add', domain: '', inputs: ['Mul_1', 'Mul_2'], outputs: ['y'] },
    ]);
    expect(initializers).toHaveLength(1);
  });
  it('gives an output that is an input, a constant or another output a node of its own', async () => {
    const x = input('x', 'float32', [2]);
    const y = op.Neg([x]);
    const results = await run(buildModel({ same: x, y, again: y, fixed: constant(ramp(3)) }), { x: float32([2], [1, 2]) });
    expect(Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, [...(data as Float32Array)]]))).toEqual({
      same: [1, 2],
      y: [-1, -2],
      again: [-1, -2],
      fixed: [0, 1, 2],
    });
  });
  it('lists the inputs it was told of first, also unused ones, then those it reached', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => input(name, 'float32', [1]));
    expect(buildModel({ y: op.Add([a!, b!]) }, { inputs: [c!, b!] }).inputs.map(({ name }) => name)).toEqual(['c', 'b', 'a']);
  });
  it('refuses two different inputs of one name', () => {
    expect(() => buildModel({ y: op.Add([input('x', 'float32', [1]), input('x', 'float32', [1])]) })).toThrow(
      expect.objectContaining({ code: 'ONNX_NAME', message: 'input x: expected one value of this name, got two different ones' }),
    );
  });
  it('refuses an output with the name of an input', () => {
    expect(() => buildModel({ x: op.Neg([input('x', 'float32', [1])]) })).toThrow('output x: expected a name that no input has');
  });
  it('leaves weights in their file, deduplicated, under a name of their own for every file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'onnx-'));
    const weights = Float32Array.from({ length: 600 }, (_, index) => index);
    const files = ['one', 'two'].map((name) => join(mkdtempSync(join(folder, name)), 'model.bin'));
    for (const file of files) writeFileSync(file, weights);
    const at = (file: string, offset: number) => parameter('w', 'float32', [2], { kind: 'file', file, offset, length: 8 });
    const model = buildModel({
      y: op.Add([op.Add([at(files[0]!, 400), at(files[0]!, 400)]), op.Mul([at(files[1]!, 800), input('x', 'float32', [2])])]),
    });
    expect(model.files).toEqual([
      { location: 'model.bin', path: files[0], regions: [[400, 408]] },
      { location: 'model.bin_2', path: files[1], regions: [[800, 808]] },
    ]);
    expect(describeModel(model.bytes).initializers.map(({ name, location }) => [name, location])).toEqual([
      ['w', 'model.bin'],
      ['w_2', 'model.bin_2'],
    ]);
    expect([...((await run(model, { x: float32([2], [1, 10]) }))['y']!.data as Float32Array)]).toEqual([100 + 100 + 200, 101 + 101 + 2010]);
  });
  it('keeps small weights in the graph and puts large ones beside it, aligned', async () => {
    const memory = (name: string, count: number) => parameter(name, 'float32', [count], { kind: 'memory', tensor: ramp(count) });
    const large = [memory('a', 257), memory('b', 300)].map((weight) => op.ReduceSum([weight], { axes: [0] }));
    const model = buildModel({ y: op.Add([op.Mul([large[0]!, memory('small', 3)]), large[1]!]) });
    expect(
      describeModel(model.bytes)
        .initializers.filter(({ location }) => location)
        .map(({ name }) => name),
    ).toEqual(['a', 'b']);
    expect(model.memory).toHaveLength(1);
    expect(model.memory[0]!.data.length).toBe(1088 + 1200); // 257 * 4 bytes rounded up to 64, then 300 * 4
    const sumTo = (count: number) => (count * (count - 1)) / 2;
    expect([...((await run(model, {}))['y']!.data as Float32Array)]).toEqual([0, 1, 2].map((factor) => sumTo(257) * factor + sumTo(300)));
  });
  it('reads float16 weights, which the graph widens', async () => {
    const half = { dtype: 'float16', dims: [3], data: new Uint16Array(Float16Array.of(1, -0.5, 65504).buffer) } as const;
    const model = buildModel({ y: op.Cast([parameter('h', 'float16', [3], { kind: 'memory', tensor: half })], { to: 'float32' }) });
    expect([...((await run(model, {}))['y']!.data as Float32Array)]).toEqual([1, -0.5, 65504]);
  });
  it('builds graphs deeper than the call stack', async () => {
    let y = input('x', 'float32', [1]);
    const x = y;
    for (let depth = 0; depth < 20_000; depth++) y = op.Neg([y]);
    const { bytes } = buildModel({ y }, { inputs: [x] });
    expect(describeModel(bytes).nodes).toHaveLength(20_000);
  });
  it('takes time linear in a graph whose values are used again and again', () => {
    let y = input('x', 'float32', [1]);
    for (let depth = 0; depth < 200; depth++) y = op.Add([y, y]);
    expect(describeModel(buildModel({ y }).bytes).nodes).toHaveLength(200);
  });
  it('keeps int64 constants exact', async () => {
    const model = buildModel({ y: op.Add([constant(int64([2], [2 ** 40, -1])), input('x', 'int64', [2])]) });
    expect([...((await run(model, { x: int64([2], [1, 1]) }))['y']!.data as BigInt64Array)]).toEqual([2n ** 40n + 1n, 0n]);
  });
});
