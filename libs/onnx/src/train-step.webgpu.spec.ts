// A train step on the WebGPU provider beside the CPU.
import { createRuntime, SWIFTSHADER } from '@facewright/runtime';
import { createRng, float32, scalar, sizeOf, type Shape, type Tensor, type Tensors } from '@facewright/tensor';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { op } from './builder.ts';
import { groupNorm, mseLoss, scaledDotProductAttention, silu } from './composite.ts';
import { input } from './source.ts';
import { trainStep, type TrainedParameter } from './train-step.ts';
import type { Value } from './value.ts';

const hasDriver = existsSync(SWIFTSHADER) || existsSync('/dev/dri/renderD128') || process.platform !== 'linux';
if (!hasDriver) console.warn(`SKIPPED: WebGPU specs need a GPU, or SwiftShader of Debian's chromium at ${SWIFTSHADER}`);
/** Beside 1 or the largest value, after three steps: WGSL lets exp be off by some 1e-6, and training adds up. */
const TOLERANCE = 5e-5;

/** A convolution, a norm, attention and an upsampling convolution, as a U-Net has them. */
function smallNet() {
  const rng = createRng(8);
  const parameters: TrainedParameter[] = [];
  const weight = (name: string, shape: Shape, size: number): Value => {
    const value = input(name, 'float32', shape);
    parameters.push({
      name,
      value,
      initial: float32(
        shape,
        rng.normal(sizeOf(shape)).map((element) => element * size),
      ),
    });
    return value;
  };
  const [x, target] = [input('x', 'float32', [2, 3, 8, 8]), input('target', 'float32', [2, 3, 8, 8])];
  const first = silu(
    groupNorm(
      op.Conv([x, weight('conv.weight', [8, 3, 3, 3], 0.2), weight('conv.bias', [8], 0.1)], { pads: [1, 1, 1, 1] }),
      weight('norm.weight', [8], 1),
      weight('norm.bias', [8], 0.1),
      { groups: 2, epsilon: 1e-5 },
    ),
  );
  const down = op.Conv([first, weight('down.weight', [8, 8, 3, 3], 0.2)], { pads: [1, 1, 1, 1], strides: [2, 2] });
  const tokens = op.Transpose([op.Reshape([down], { shape: [2, 8, 16] })], { perm: [0, 2, 1] });
  const [q, k, v] = ['q', 'k', 'v'].map((name) => op.MatMul([tokens, weight(name, [8, 8], 0.4)])) as [Value, Value, Value];
  const mixed = op.Add([tokens, scaledDotProductAttention(q, k, v, { heads: 2 })]);
  const picture = op.Reshape([op.Transpose([mixed], { perm: [0, 2, 1] })], { shape: [2, 8, 4, 4] });
  const up = op.Concat([op.Resize([picture], { sizes: [8, 8], mode: 'nearest' }), first], { axis: 1 });
  const prediction = op.Conv([up, weight('out.weight', [3, 16, 3, 3], 0.1)], { pads: [1, 1, 1, 1] });
  // With the usual epsilon a gradient of 0 but for rounding would move its weight by the whole learning rate, in either direction.
  const step = trainStep({ loss: mseLoss(prediction, target), parameters, maxGradientNorm: 1, optimiser: { epsilon: 1e-3 } });
  const batch: Tensors = { x: float32([2, 3, 8, 8], rng.normal(384)), target: float32([2, 3, 8, 8], rng.normal(384)) };
  return { step, batch };
}

describe.skipIf(!hasDriver)('a train step on WebGPU', () => {
  it('gives the loss, the gradient norm and the parameters of the CPU', { timeout: 300_000 }, async () => {
    const { step, batch } = smallNet();
    const seen: { readonly scalars: readonly number[]; readonly state: Tensors }[] = [];
    for (const provider of ['cpu', 'webgpu'] as const) {
      const session = await (await createRuntime({ provider })).open(step.model, { state: step.state });
      const scalars: number[] = [];
      for (let index = 1; index <= 3; index++) {
        const { loss, gradient_norm } = await session.run({ ...batch, step: scalar(index), learning_rate: scalar(1e-2) });
        scalars.push(Number(loss!.data[0]), Number(gradient_norm!.data[0]));
      }
      seen.push({ scalars, state: await session.readState() });
      await session.release();
    }
    const [cpu, gpu] = seen as [(typeof seen)[0], (typeof seen)[0]];
    expect(cpu.scalars[4]).toBeLessThan(cpu.scalars[0]!);
    cpu.scalars.forEach((value, index) => expect(Math.abs(value - gpu.scalars[index]!)).toBeLessThan(TOLERANCE * Math.max(1, value)));
    for (const { input: name, initial } of step.state) {
      const [a, b] = [cpu.state[name], gpu.state[name]].map((tensor) => tensor!.data as Float32Array) as [Float32Array, Float32Array];
      expect(a.some((value, index) => value !== (initial as Tensor<'float32'>).data[index])).toBe(true);
      expect(Math.max(...a.map((value, index) => Math.abs(value - b[index]!))), name).toBeLessThan(
        TOLERANCE * Math.max(1, ...a.map(Math.abs)),
      );
    }
  });
});
