// The distillation loss and its gradient against the formulas, computed here in double precision.
import { buildModel, grad, input } from '@facewright/onnx';
import { createRuntime } from '@facewright/runtime';
import { float32, createRng } from '@facewright/tensor';
import { afterAll, expect, it } from 'vitest';
import { distillationLoss } from './distillation-loss.ts';

const runtime = await createRuntime({ provider: 'cpu' });
afterAll(() => runtime.dispose());

const softmax = (row: readonly number[]): number[] => {
  const top = Math.max(...row);
  const powers = row.map((v) => Math.exp(v - top));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((v) => v / sum);
};

it('is the cross-entropy with the targets, and its gradient (softmax - targets) / temperature over the rows', async () => {
  const [rows, classes, temperature] = [3, 5, 0.1];
  const rng = createRng(4);
  const logits = Array.from({ length: rows }, () => [...rng.normal(classes)]);
  const targets = Array.from({ length: rows }, () => softmax([...rng.normal(classes)]));
  const shape = [rows, classes];
  const said = input('logits', 'float32', shape);
  const loss = distillationLoss(said, input('targets', 'float32', shape), temperature);
  const session = await runtime.open(buildModel({ loss, gradient: grad(loss, [said])[0]! }));
  const got = await session.run({
    logits: float32(shape, Float32Array.from(logits.flat())),
    targets: float32(shape, Float32Array.from(targets.flat())),
  });
  await session.release();
  const probabilities = logits.map((row) => softmax(row.map((v) => v / temperature)));
  const wanted = probabilities.reduce((sum, row, n) => sum - row.reduce((s, p, k) => s + targets[n]![k]! * Math.log(p), 0), 0) / rows;
  // float32 inputs: a rounding of 6e-8 times logits / temperature of about 30
  expect((got['loss']!.data as Float32Array)[0]! / wanted - 1).toBeCloseTo(0, 5);
  const gradient = probabilities.flatMap((row, n) => row.map((p, k) => (p - targets[n]![k]!) / temperature / rows));
  const error = Math.hypot(...gradient.map((v, i) => v - (got['gradient']!.data as Float32Array)[i]!));
  expect(error / Math.hypot(...gradient)).toBeLessThan(1e-5);
});
