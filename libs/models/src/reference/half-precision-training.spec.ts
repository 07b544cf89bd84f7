// Gradients through a U-Net that computes in float16, against those in float32.
import { buildModel, type Value } from '@facewright/onnx';
import { createRuntime } from '@facewright/runtime';
import { float32 } from '@facewright/tensor';
import { describe, expect, it } from 'vitest';
import { halfPrecisionError, halfPrecisionProbe } from '../index.ts';
import { rounded } from './rounded.ts';

type Outputs = Readonly<Record<string, Value>>;

const runtime = await createRuntime({ provider: 'cpu' });

describe.each([{ fused: false }, { fused: true }])(
  'predictions and gradients of a U-Net in float16, with fused attention: $fused,',
  ({ fused }) => {
    it.each([
      { way: 'as built', through: (outputs: Outputs) => outputs },
      { way: 'with every result rounded', through: rounded },
    ])('agree with float32 $way', async ({ through }) => {
      const { outputs, feeds } = halfPrecisionProbe({ fused });
      const session = await runtime.open(buildModel(through(outputs)));
      const results = await session.run(feeds);
      await session.release();
      const error = halfPrecisionError(results);
      // Measured 1.4e-3 as built and 2.3e-3 rounded, which is about five roundings of 4.9e-4; a graph that forgot to be in float16 is off by 1e-6.
      expect(error).toBeGreaterThan(1e-4);
      expect(error).toBeLessThan(5e-3);
    });
  },
);

it('the error is that of the worse of both, and not a number where nothing was computed', () => {
  const outputs = (prediction: number, gradient: number, full = 2) => ({
    prediction: float32([2], [prediction, prediction]),
    'prediction.float32': float32([2], [full, full]),
    gradients: float32([1], [gradient]),
    'gradients.float32': float32([1], [full]),
  });
  expect(halfPrecisionError(outputs(2, 2.5))).toBe(0.25);
  expect(halfPrecisionError(outputs(3, 2.5))).toBe(0.5);
  expect(halfPrecisionError(outputs(2, Infinity))).toBe(Infinity);
  expect(halfPrecisionError(outputs(0, 0, 0))).toBeNaN();
  expect(halfPrecisionError(outputs(2, NaN))).toBeNaN();
});
