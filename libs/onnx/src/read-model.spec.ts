import { float32 } from '@facewright/tensor';
import { describe, expect, it } from 'vitest';
import { buildModel } from './build-model.ts';
import { op } from './builder.ts';
import { encodeModel } from './proto/messages.ts';
import { readModel } from './read-model.ts';
import { input, parameter } from './source.ts';

const nowhere = (location: string): string => `/models/${location}`;

describe('reading a model', () => {
  it('gives the inputs and outputs that were written, and the bytes as they are', () => {
    const model = buildModel({ y: op.Add([input('x', 'float32', [2, 3]), op.Cast([input('n', 'int64', [3])], { to: 'float32' })]) });
    expect(readModel(model.bytes, nowhere)).toEqual(model);
  });
  it('names the files that weights lie in', () => {
    const weight = parameter('w', 'float32', [2], { kind: 'file', file: '/a/w.bin', offset: 0, length: 8 });
    const { bytes } = buildModel({ y: op.Mul([input('x', 'float32', [2]), weight]) });
    expect(readModel(bytes, nowhere).files).toEqual([{ location: 'w.bin', path: '/models/w.bin' }]);
  });
  it('gives a name to every size that the file does not say, and leaves weights out of the inputs', () => {
    const tensor = (dim: object[]) => ({ tensorType: { elemType: 1, shape: { dim } } });
    const bytes = encodeModel({
      graph: {
        node: [{ opType: 'Identity', input: ['x'], output: ['y'] }],
        initializer: [{ name: 'w', dims: [1], dataType: 1, rawData: new Uint8Array(float32([1], [1]).data.buffer) }],
        input: [{ name: 'x', type: tensor([{ dimParam: 'batch' }, { dimValue: 0 }, {}, { dimValue: 4 }]) }, { name: 'w', type: tensor([{ dimValue: 1 }]) }],
        output: [{ name: 'y', type: tensor([{ dimValue: 0 }]) }],
      },
    });
    const { inputs, outputs } = readModel(bytes, nowhere);
    expect(inputs).toEqual([{ name: 'x', dtype: 'float32', shape: ['batch', 'x.1', 'x.2', 4] }]);
    expect(outputs[0]!.shape).toEqual(['y.0']);
  });
  it('refuses bytes that are no model', () => {
    expect(() => readModel(new TextEncoder().encode('not a model'), nowhere)).toThrow(expect.objectContaining({ code: 'ONNX_MALFORMED' }));
    expect(() => readModel(new Uint8Array(), nowhere)).toThrow(expect.objectContaining({ code: 'ONNX_MALFORMED' }));
  });
});
