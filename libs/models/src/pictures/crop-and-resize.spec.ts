// Crops and sizes of pictures within a graph, against torch and torchvision, and their gradient.
import { buildModel, constant, input, mean, op } from '@facewright/onnx';
import { checkGradient } from '@facewright/onnx/testing';
import { createRuntime } from '@facewright/runtime';
import { float32 } from '@facewright/tensor';
import { describe, expect, it } from 'vitest';
import fixture from '../fixtures/crop-and-resize.json' with { type: 'json' };
import { relativeError } from '../reference/fixture.ts';
import { hashedTensor } from '../reference/hashed-tensor.ts';
import { cropAndResize, wholeBox, type Filter } from './crop-and-resize.ts';

const runtime = await createRuntime({ provider: 'cpu' });
const dims = [1, 2, 12, 18];
const feeds = { pictures: hashedTensor('pictures', dims) };
const pictures = input('pictures', 'float32', dims);
const boxesOf = (boxes: readonly (readonly number[])[]) => constant(float32([boxes.length, 4], boxes.flat()));

describe('cropping and resizing', () => {
  it.each(fixture.cases)('$filter to $side pixels agrees with torch, boxes $boxes', async ({ filter, side, boxes, pictures: wanted }) => {
    const session = await runtime.open(buildModel({ out: cropAndResize(pictures, boxesOf(boxes), side, filter as Filter) }));
    const { out } = await session.run(feeds);
    await session.release();
    // the reference is in double precision; places of taps are rounded to 24 bits here
    expect(relativeError(out, wanted)).toBeLessThan(2e-6);
  });
  it('of a whole picture to its own size changes nothing', async () => {
    const square = input('pictures', 'float32', [1, 2, 12, 12]);
    const session = await runtime.open(buildModel({ out: cropAndResize(square, wholeBox(square), 12, 'bicubic') }));
    const given = hashedTensor('pictures', [1, 2, 12, 12]);
    const { out } = await session.run({ pictures: given });
    await session.release();
    given.data.forEach((value, i) => expect(out!.data[i]).toBeCloseTo(value, 6));
  });
  it.each(['bilinear', 'bicubic'] as const)('has the gradient of central differences, each picture by its own box: %s', async (filter) => {
    const boxes = [
      [1.5, 0, 17, 9],
      [3, 4, 6, 8.5],
    ];
    const { error } = await checkGradient({
      runtime,
      at: [hashedTensor('two', [2, 2, 12, 18])],
      build: ([x]) => {
        const small = cropAndResize(x!, boxesOf(boxes), 5, filter);
        return mean(op.Mul([small, small]));
      },
      seed: 1,
      step: 2 ** -6,
    });
    // rounding of a loss near 0.1 over a step of 2^-6; a quadratic loss has no remainder
    expect(error).toBeLessThan(1e-4);
  });
});
