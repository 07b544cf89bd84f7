// Modules, bindings and weight sources: names, starting values, low-rank additions, narrow weights, two bindings in one graph.
import { buildModel, input, type Value } from '@facewright/onnx';
import { createRuntime } from '@facewright/runtime';
import { createRng, float32, sizeOf, type Tensor, type Tensors } from '@facewright/tensor';
import { describe, expect, it } from 'vitest';
import { hashedTensor, hashedWeights } from '../reference/hashed-tensor.ts';
import { bind } from './binding.ts';
import { checkWeights, compare } from './compare.ts';
import { Conv2d, LayerNorm, Linear } from './layers.ts';
import { initialize, Module, parameterCount } from './module.ts';
import {
  attentionTargets,
  inMemory,
  inputWeights,
  lowRankShapes,
  storedWeights,
  withLowRank,
  withStoredLowRank,
} from './weight-sources.ts';

const runtime = await createRuntime({ provider: 'cpu' });
const run = async (outputs: Readonly<Record<string, Value>>, feeds: Tensors): Promise<Tensors> => {
  const session = await runtime.open(buildModel(outputs));
  const result = await session.run(feeds);
  await session.release();
  return result;
};
const distance = (a: Tensor | undefined, b: ArrayLike<number>) =>
  Math.max(...Array.from(a!.data as Float32Array, (v, i) => Math.abs(v - b[i]!)));

class Net extends Module {
  readonly norm = new LayerNorm(3, 1e-5);
  readonly to_out = [new Linear(3, 4), null, new Linear(4, 2, { bias: false })];
  readonly spare: Linear | null = null;
  forward(b: ReturnType<typeof bind>, x: Value): Value {
    return this.to_out[2]!.forward(b, this.to_out[0]!.forward(b, this.norm.forward(b, x)));
  }
}
const net = new Net();
const weights = hashedWeights(net);
const x = hashedTensor('x', [2, 5, 3]);

/** to_out.0 + scale * up @ down, multiplied out in double precision. */
function merged(name: string, down: Tensor, up: Tensor, scale: number): Map<string, Tensor> {
  const base = weights.get(name)!;
  const [outputs = 0, rank = 0] = up.dims;
  const inputs = sizeOf(down.dims) / rank;
  const data = base.data.map((w, i) => {
    let sum = 0;
    for (let r = 0; r < rank; r++) sum += Number(up.data[Math.floor(i / inputs) * rank + r]) * Number(down.data[r * inputs + (i % inputs)]);
    return w + scale * sum;
  });
  expect(outputs * inputs).toBe(data.length);
  return new Map<string, Tensor>([...weights, [name, { ...base, data }]]);
}
const output = async (source: Parameters<typeof bind>[1], feeds: Tensors = {}) =>
  (await run({ y: net.forward(bind(net, source), input('x', 'float32', [2, 5, 3])) }, { x, ...feeds }))['y']!;

describe('modules', () => {
  it('name their parameters by their properties, arrays by index, and leave null out', () => {
    expect([...net.parameters('net')].map(([name, { shape }]) => `${name} ${shape.join('x')}`)).toEqual([
      'net.norm.weight 3',
      'net.norm.bias 3',
      'net.to_out.0.weight 4x3',
      'net.to_out.0.bias 4',
      'net.to_out.2.weight 2x4',
    ]);
    expect(parameterCount(net)).toBe(3 + 3 + 12 + 4 + 8);
  });

  it('start as PyTorch starts them, the same from the same seed', () => {
    const first = initialize(net, createRng(1));
    expect(first).toEqual(initialize(net, createRng(1)));
    expect(first).not.toEqual(initialize(net, createRng(2)));
    expect([...first.get('norm.weight')!.data, ...first.get('norm.bias')!.data]).toEqual([1, 1, 1, 0, 0, 0]);
    const big = initialize(new Linear(100, 400), createRng(3)).get('weight')!.data;
    expect(Math.max(...big)).toBeLessThanOrEqual(0.1);
    // 40,000 uniform values in ±0.1 have a mean square of 1/300 within 4 deviations of 1.5e-5
    expect(Math.abs(big.reduce((sum, v) => sum + v * v, 0) / big.length - 1 / 300)).toBeLessThan(6e-5);
  });

  it('refuse to lend a parameter to a binding of another module', () => {
    const other = bind(new Net(), storedWeights(inMemory(weights)));
    expect(() => net.forward(other, input('x', 'float32', [2, 5, 3]))).toThrow(
      expect.objectContaining({ code: 'MODELS_UNBOUND' }) as Error,
    );
  });
});

describe('comparison with a checkpoint', () => {
  const checkpoint = new Map<string, { shape: number[] }>([
    ['norm.weight', { shape: [3] }],
    ['to_out.0.weight', { shape: [3, 4] }],
    ['to_out.0.bias', { shape: [4] }],
    ['to_out.2.weight', { shape: [2, 4] }],
    ['head', { shape: [] }],
    ['a.position_ids', { shape: [1] }],
  ]);

  it('lists everything missing, misshapen and unexpected at once', () => {
    expect(compare(net, checkpoint)).toEqual({
      missing: ['norm.bias'],
      unexpected: ['head', 'a.position_ids'],
      misshapen: [{ name: 'to_out.0.weight', want: [4, 3], got: [3, 4] }],
    });
  });

  it('says all of it in one error, except for position_ids', () => {
    expect(() => checkWeights(net, checkpoint, { file: 'net.safetensors' })).toThrow(
      'net.safetensors: expected the parameters of the model, got 3 that differ:\n  missing: norm.bias\n  misshapen: to_out.0.weight is [3, 4], expected [4, 3]\n  unexpected: head',
    );
  });
});

describe('weight sources', () => {
  const plain = storedWeights(inMemory(weights));

  it('give the same result from inputs as from memory', async () => {
    const list = new Map<string, Value>();
    const source = inputWeights(list);
    const fed = await output(source, Object.fromEntries(weights));
    expect([...list.keys()].sort()).toEqual([...weights.keys()].sort());
    expect(fed).toEqual(await output(plain));
  });

  it('add low-rank factors to a linear layer as if they were merged', async () => {
    const shapes = lowRankShapes(net.to_out[0]!.weight, 2);
    expect(shapes).toEqual({ down: [2, 3], up: [4, 2] });
    const [down, up] = [hashedTensor('down', shapes.down), hashedTensor('up', shapes.up)];
    const additions = (name: string) =>
      name === 'to_out.0.weight'
        ? [{ down: input('down', 'float32', shapes.down), up: input('up', 'float32', shapes.up), scale: 0.7 }]
        : [];
    const tuned = await output(withLowRank(plain, additions), { down, up });
    const reference = await output(storedWeights(inMemory(merged('to_out.0.weight', down, up, 0.7))));
    expect(distance(tuned, reference.data as Float32Array)).toBeLessThan(2e-6);
    expect(distance(tuned, (await output(plain)).data as Float32Array)).toBeGreaterThan(0.1);
  });

  it('add up over several LoRA files, each times its strength', async () => {
    const factors = (label: string) => {
      const { down, up } = lowRankShapes(net.to_out[0]!.weight, 1);
      const [a, b] = [hashedTensor(`${label}d`, down), hashedTensor(`${label}u`, up)];
      const stored = inMemory(
        new Map([
          ['down', a],
          ['up', b],
        ]),
      );
      return { a, b, file: new Map([['to_out.0.weight', { down: stored.get('down')!, up: stored.get('up')!, scale: 2 }]]) };
    };
    const [first, second] = [factors('one'), factors('two')];
    const both = withStoredLowRank(withStoredLowRank(plain, first.file, { strength: 0.5, label: 'one' }), second.file, {
      strength: -0.25,
      label: 'two',
    });
    const once = merged('to_out.0.weight', first.a, first.b, 1).get('to_out.0.weight')!.data as Float32Array;
    const twice = merged('to_out.0.weight', second.a, second.b, -0.5).get('to_out.0.weight')!.data as Float32Array;
    const base = weights.get('to_out.0.weight')!;
    const sum = new Map<string, Tensor>([
      ...weights,
      ['to_out.0.weight', { ...base, data: once.map((v, i) => v + twice[i]! - base.data[i]!) }],
    ]);
    expect(distance(await output(both), (await output(storedWeights(inMemory(sum)))).data as Float32Array)).toBeLessThan(2e-6);
  });

  it('add low-rank factors to a strided convolution as if they were merged', async () => {
    const conv = new Conv2d(2, 3, { kernel: 3, stride: 2, padding: 1 });
    const base = hashedWeights(conv);
    const shapes = lowRankShapes(conv.weight, 2);
    expect(shapes).toEqual({ down: [2, 2, 3, 3], up: [3, 2, 1, 1] });
    const [down, up] = [hashedTensor('down', shapes.down), hashedTensor('up', shapes.up)];
    const picture = hashedTensor('picture', [1, 2, 6, 6]);
    const forward = (source: Parameters<typeof bind>[1]) => conv.forward(bind(conv, source), input('picture', 'float32', [1, 2, 6, 6]));
    const additions = (name: string) =>
      name === 'weight' ? [{ down: input('down', 'float32', shapes.down), up: input('up', 'float32', shapes.up), scale: 0.5 }] : [];
    const tuned = await run({ y: forward(withLowRank(storedWeights(inMemory(base)), additions)) }, { picture, down, up });
    const weight = base.get('weight')!;
    const data = weight.data.map(
      (w, i) => w + 0.5 * [0, 1].reduce((sum, r) => sum + up.data[Math.floor(i / 18) * 2 + r]! * down.data[r * 18 + (i % 18)]!, 0),
    );
    const reference = await run(
      { y: forward(storedWeights(inMemory(new Map<string, Tensor>([...base, ['weight', { ...weight, data }]])))) },
      { picture },
    );
    expect(distance(tuned['y'], reference['y']!.data as Float32Array)).toBeLessThan(2e-6);
  });

  it('cast narrow floats, and refuse weights that are no floats', async () => {
    const half = (value: number) => (value === 0 ? 0 : 0x3c00);
    const ones = new Map([...weights].map(([name, { dims }]) => [name, float32(dims, new Float32Array(sizeOf(dims)).fill(1))]));
    const halves = new Map<string, Tensor>(
      [...ones].map(([name, { dims, data }]) => [name, { dtype: 'float16', dims, data: Uint16Array.from(data, half) }]),
    );
    expect(await output(storedWeights(inMemory(halves)))).toEqual(await output(storedWeights(inMemory(ones))));
    const whole = new Map<string, Tensor>([...ones, ['norm.bias', { dtype: 'int32', dims: [3], data: Int32Array.of(0, 0, 0) }]]);
    await expect(output(storedWeights(inMemory(whole)))).rejects.toThrow('norm.bias: expected a floating element type, got int32');
  });

  it('bind one module twice in one graph, to a frozen base and to trained inputs', async () => {
    const source = input('x', 'float32', [2, 5, 3]);
    const frozen = net.forward(bind(net, plain), source);
    const trained = net.forward(bind(net, inputWeights(new Map())), source);
    const doubled = Object.fromEntries(
      [...weights].map(([name, { dims, data }]) => [name, float32(dims, name === 'to_out.2.weight' ? data.map((v) => 2 * v) : data)]),
    );
    const { a, b } = await run({ a: frozen, b: trained }, { x, ...doubled });
    expect(
      distance(
        b,
        (a!.data as Float32Array).map((v) => 2 * v),
      ),
    ).toBeLessThan(1e-6);
  });

  it('say which tensor is missing or misshapen', async () => {
    await expect(output(storedWeights(new Map()))).rejects.toThrow('missing: norm.weight');
    await expect(
      output(storedWeights(inMemory(new Map<string, Tensor>([...weights, ['norm.weight', float32([1, 3], [1, 1, 1])]])))),
    ).rejects.toThrow('misshapen: norm.weight is [1, 3], expected [3]');
  });

  it('know the attention projections, which LoRA changes by default', () => {
    expect(['a.attn1.to_q.weight', 'a.attn2.to_out.0.weight'].every(attentionTargets)).toBe(true);
    expect(['a.attn1.to_out.0.bias', 'a.ff.net.2.weight', 'a.proj_in.weight'].some(attentionTargets)).toBe(false);
  });
});
