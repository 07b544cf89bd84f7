// Low-rank factors: names, shapes, first values, and that training starts at the base.
import { attentionTargets, bind, initialize, inMemory, Linear, Module, storedWeights } from '@facewright/models';
import { buildModel, input, parameter, type Value } from '@facewright/onnx';
import { createRuntime } from '@facewright/runtime';
import { createRng, float32, type Tensor } from '@facewright/tensor';
import { describe, expect, it } from 'vitest';
import { everyLayer, initializeLora, loraNames, withLora, type LoraSettings } from './lora.ts';

class Attention extends Module {
  readonly to_q = new Linear(6, 4);
  readonly proj = new Linear(4, 4);
}
class Net extends Module {
  readonly attn = new Attention();
}
const net = new Net();
const settings: LoraSettings = { rank: 2, alpha: 4, targets: attentionTargets, prefix: 'unet.', init: 'gaussian' };
const [down, up] = ['unet.attn.to_q.lora_A.weight', 'unet.attn.to_q.lora_B.weight'];

describe('initializeLora', () => {
  it('names and shapes the factors as PEFT does, and starts the second at 0', () => {
    const factors = initializeLora(net, settings, createRng(1));
    expect([...factors.keys()]).toEqual([down, up]);
    expect(factors.get(down)!.dims).toEqual([2, 6]);
    expect(factors.get(up)).toEqual({ dtype: 'float32', dims: [4, 2], data: new Float32Array(8) });
    expect(factors.get(down)!.data.some((v) => v !== 0)).toBe(true);
  });

  it('keeps kaiming values within 1 / sqrt(fan in)', () => {
    const { data } = initializeLora(net, { ...settings, rank: 64, init: 'kaiming' }, createRng(1)).get(down)!;
    const largest = data.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    expect(largest).toBeLessThanOrEqual(1 / Math.sqrt(6));
    expect(largest).toBeGreaterThan(0.9 / Math.sqrt(6));
  });

  it('takes every layer when asked, and no bias', () => {
    expect([...initializeLora(net, { ...settings, targets: everyLayer }, createRng(1)).keys()]).toEqual([
      down,
      up,
      loraNames('attn.proj.weight', 'unet.').down,
      loraNames('attn.proj.weight', 'unet.').up,
    ]);
  });

  it('reports a bad rank and alpha together, and targets that name nothing', () => {
    expect(() => initializeLora(net, { ...settings, rank: 0, alpha: -1 }, createRng(1))).toThrow(/rank: .*\n.*alpha: /);
    expect(() => initializeLora(net, { ...settings, targets: () => false }, createRng(1))).toThrow(
      expect.objectContaining({ code: 'TRAIN_TARGETS' }),
    );
  });
});

describe('withLora', () => {
  it('adds alpha / rank times up times down to the weight', async () => {
    const base = initialize(net, createRng(2));
    const ones = (dims: readonly number[]): Tensor<'float32'> => float32(dims, new Float32Array(dims.reduce((a, b) => a * b, 1)).fill(1));
    const x = input('x', 'float32', [1, 6]);
    const factor =
      (value: number) =>
      (name: string, shape: readonly number[]): Value => {
        const tensor = ones(shape);
        return parameter(name, 'float32', shape, { kind: 'memory', tensor: { ...tensor, data: tensor.data.map((v) => v * value) } });
      };
    const of = (value: number) => net.attn.to_q.forward(bind(net, withLora(storedWeights(inMemory(base)), settings, factor(value))), x);
    const plain = net.attn.to_q.forward(bind(net, storedWeights(inMemory(base))), x);
    const runtime = await createRuntime({ provider: 'cpu' });
    const session = await runtime.open(buildModel({ plain, none: of(0), some: of(0.5) }));
    const results = await session.run({ x: ones([1, 6]) });
    await session.release();
    const [was, none, some] = ['plain', 'none', 'some'].map((name) => [...(results[name]!.data as Float32Array)]) as [
      number[],
      number[],
      number[],
    ];
    expect(none).toEqual(was);
    // scale 4 / 2, up 0.5, summed over rank 2, down 0.5, summed over 6 inputs of 1
    was.forEach((value, i) => expect(some[i]!).toBeCloseTo(value + 2 * 0.5 * 2 * 0.5 * 6, 5));
  });
});
