import { createRuntime } from '@facewright/runtime';
import { createRng, float32, scalar, sizeOf, type Shape, type Tensor } from '@facewright/tensor';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildModel } from './build-model.ts';
import { op } from './builder.ts';
import { mean, mseLoss } from './composite.ts';
import { adamW, clipByGlobalNorm } from './optimiser.ts';
import { input } from './source.ts';
import { trainStep, type TrainStepOptions } from './train-step.ts';
import type { Value } from './value.ts';

interface Fixture {
  readonly shapes: Readonly<Record<string, Shape>>;
  readonly max_norm: number;
  readonly initial: Readonly<Record<string, number[]>>;
  readonly steps: readonly {
    readonly learning_rate: number;
    readonly norm: number;
    readonly gradients: Readonly<Record<string, number[]>>;
    readonly parameters: Readonly<Record<string, number[]>>;
  }[];
}
const reference = JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures/adamw.json'), 'utf8')) as Fixture;
const settings = { beta1: 0.8, beta2: 0.95, epsilon: 1e-6, weightDecay: 0.1 };
/** A few roundings of single precision. */
const TOLERANCE = 5e-7;

const runtime = await createRuntime({ provider: 'cpu' });
const numbers = (tensor: Tensor | undefined) => [...(tensor!.data as Float32Array)];
const worst = (got: readonly number[], want: readonly number[]) =>
  Math.max(...want.map((value, index) => Math.abs(value - got[index]!) / Math.max(1, Math.abs(value))));

describe('AdamW against PyTorch', () => {
  const names = Object.keys(reference.shapes);
  const values = (prefix: string) => names.map((name) => input(`${prefix}${name}`, 'float32', reference.shapes[name]!));
  const tensor = (name: string, data: readonly number[]) => float32(reference.shapes[name]!, data);

  it('clips and moves parameters as clip_grad_norm_ and torch.optim.AdamW do', async () => {
    const [parameters, gradients, m, v] = ['p.', 'g.', 'm.', 'v.'].map(values) as [Value[], Value[], Value[], Value[]];
    const clipped = clipByGlobalNorm(gradients, reference.max_norm);
    const next = adamW({
      parameters,
      gradients: clipped.gradients,
      m,
      v,
      step: input('step', 'float32', []),
      learningRate: input('rate', 'float32', []),
      ...settings,
    });
    const outputs = Object.fromEntries(
      names.flatMap((name, i) => [
        [`next.p.${name}`, next.parameters[i]!],
        [`next.m.${name}`, next.m[i]!],
        [`next.v.${name}`, next.v[i]!],
      ]),
    );
    const session = await runtime.open(buildModel({ norm: clipped.norm, ...outputs }));
    let state: Record<string, Tensor> = Object.fromEntries(
      names.flatMap((name) => {
        const zeros = Array<number>(sizeOf(reference.shapes[name]!)).fill(0);
        return [
          [`p.${name}`, tensor(name, reference.initial[name]!)],
          [`m.${name}`, tensor(name, zeros)],
          [`v.${name}`, tensor(name, zeros)],
        ];
      }),
    );
    for (const [index, step] of reference.steps.entries()) {
      const feeds = Object.fromEntries(names.map((name) => [`g.${name}`, tensor(name, step.gradients[name]!)]));
      const results = await session.run({ ...state, ...feeds, step: scalar(index + 1), rate: scalar(step.learning_rate) });
      expect(worst(numbers(results['norm']), [step.norm])).toBeLessThan(TOLERANCE);
      state = Object.fromEntries(Object.keys(state).map((key) => [key, results[`next.${key}`]!]));
      for (const name of names) expect(worst(numbers(state[`p.${name}`]), step.parameters[name]!)).toBeLessThan(TOLERANCE);
    }
    await session.release();
  });

  it('does the same inside a train step, whose clipping is folded in, and keeps averages', async () => {
    // The gradient of sum(p * g) by p is g.
    const parameters = values('p.');
    const loss = parameters
      .map((value, i) => op.Mul([mean(op.Mul([value, input(`g.${names[i]!}`, 'float32', value.shape)])), sizeOf(value.shape)]))
      .reduce((a, b) => op.Add([a, b]));
    const { model, state, feeds } = trainStep({
      loss,
      parameters: names.map((name, i) => ({ name, value: parameters[i]!, initial: tensor(name, reference.initial[name]!) })),
      optimiser: settings,
      maxGradientNorm: reference.max_norm,
      ema: true,
    });
    expect([...feeds].sort()).toEqual(['ema_decay', 'g.bias', 'g.matrix', 'g.scale', 'learning_rate', 'step']);
    const session = await runtime.open(model, { state });
    const averages = new Map(names.map((name) => [name, reference.initial[name]!]));
    for (const [index, step] of reference.steps.entries()) {
      const decay = index / (index + 4);
      const batch = Object.fromEntries(names.map((name) => [`g.${name}`, tensor(name, step.gradients[name]!)]));
      const results = await session.run({
        ...batch,
        step: scalar(index + 1),
        learning_rate: scalar(step.learning_rate),
        ema_decay: scalar(decay),
      });
      expect(Object.keys(results).sort()).toEqual(['gradient_norm', 'loss']);
      expect(worst(numbers(results['gradient_norm']), [step.norm])).toBeLessThan(TOLERANCE);
      const kept = await session.readState();
      for (const name of names) {
        expect(worst(numbers(kept[`p.${name}`]), step.parameters[name]!)).toBeLessThan(TOLERANCE);
        averages.set(
          name,
          averages.get(name)!.map((value, i) => decay * value + (1 - decay) * step.parameters[name]![i]!),
        );
        expect(worst(numbers(kept[`ema.${name}`]), averages.get(name)!)).toBeLessThan(TOLERANCE);
      }
    }
    await session.release();
  });
});

describe('a train step', () => {
  const rng = createRng(3);
  const [x, target] = [input('x', 'float32', [16, 6]), input('target', 'float32', [16, 1])];
  const weight = (name: string, shape: Shape) => {
    const value = input(name, 'float32', shape);
    return {
      name,
      value,
      initial: float32(
        shape,
        rng.normal(sizeOf(shape)).map((element) => element * 0.3),
      ),
    };
  };
  // One matrix above the size that moves by itself, the others below.
  const parameters = [weight('w1', [6, 11_000]), weight('b1', [11_000]), weight('w2', [11_000, 1])];
  const [w1, b1, w2] = parameters.map(({ value }) => value) as [Value, Value, Value];
  const prediction = op.MatMul([op.Tanh([op.Add([op.MatMul([x, w1]), b1])]), w2]);
  const options: TrainStepOptions = { loss: mseLoss(prediction, target), parameters, metrics: { prediction } };

  it('lowers the loss, and returns metrics of before the step', async () => {
    const { model, state } = trainStep(options);
    expect(state.map((entry) => entry.input)).toEqual(['m.w1', 'v.w1', 'w1', 'm.small parameters', 'v.small parameters', 'b1', 'w2']);
    const session = await runtime.open(model, { state });
    const batch = { x: float32([16, 6], rng.normal(96)), target: float32([16, 1], rng.normal(16)) };
    const losses: number[] = [];
    for (let step = 1; step <= 200; step++) {
      const results = await session.run({ ...batch, step: scalar(step), learning_rate: scalar(3e-3) });
      losses.push(numbers(results['loss'])[0]!);
      const squares = numbers(results['prediction']).map((value, i) => (value - batch.target.data[i]!) ** 2);
      expect(losses.at(-1)! / (squares.reduce((a, b) => a + b) / 16)).toBeCloseTo(1, 5);
    }
    expect(losses.at(-1)! / losses[0]!).toBeLessThan(1e-3);
    await session.release();
  });
  it('names everything that is wrong with its options at once', () => {
    const constantWeight = { name: 'fixed', value: op.Neg([w1]), initial: float32([6, 11_000], new Float32Array(66_000)) };
    const unused = weight('unused', [2]);
    const misshapen = { ...parameters[1]!, initial: float32([3], [1, 2, 3]) };
    const wrong = () =>
      trainStep({
        loss: options.loss,
        parameters: [parameters[0]!, constantWeight, unused, misshapen, parameters[0]!],
        metrics: { loss: prediction },
      });
    expect(wrong).toThrow(expect.objectContaining({ code: 'ONNX_TRAIN_STEP' }));
    for (const problem of [
      'fixed is a node of float32 [6, 11000], not a float32 input',
      'the loss does not depend on unused',
      'b1 is float32 [11000] and begins as float32 [3]',
      'two parameters named w1',
      'a metric named loss, which is taken',
    ])
      expect(wrong).toThrow(problem);
    expect(() => trainStep({ ...options, loss: prediction })).toThrow('a loss float32 [16, 1]');
    expect(() => trainStep({ ...options, parameters: [] })).toThrow('no parameters');
  });
  it('refuses a parameter that takes a name of its own inputs', () => {
    const step = weight('step', [1]);
    expect(() => trainStep({ loss: mean(op.Mul([step.value, step.value])), parameters: [step] })).toThrow(
      expect.objectContaining({ code: 'ONNX_NAME' }),
    );
  });
});
