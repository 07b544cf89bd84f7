import { createRuntime } from '@facewright/runtime';
import { CodedError, createRng, float32 } from '@facewright/tensor';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildModel } from './build-model.ts';
import { op } from './builder.ts';
import { describeModel } from './describe-model.ts';
import { decodeModel, encodeModel } from './proto/messages.ts';
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
    expect(readModel(bytes, nowhere).files).toEqual([{ location: 'w.bin', path: '/models/w.bin', regions: [[0, 8]] }]);
  });
  it.each(['w.bin', './w.bin', 'deeper/w.bin'])('runs it with weights that lie at %s, in its folder or elsewhere', async (location) => {
    const folder = mkdtempSync(join(tmpdir(), 'read-model-'));
    mkdirSync(join(folder, 'deeper'));
    const place = { kind: 'file', file: '/a/w.bin', offset: 0, length: 8 } as const;
    const again = { ...place, file: '/a/v.bin', offset: 4 };
    const [w, v] = [parameter('w', 'float32', [2], place), parameter('v', 'float32', [2], again)];
    const { proto } = describeModel(buildModel({ y: op.Add([op.Mul([input('x', 'float32', [2]), w]), v]) }).bytes);
    proto.graph!.initializer![0]!.externalData![0]!.value = location;
    writeFileSync(join(folder, location), Float32Array.of(2, 3));
    const runtime = await createRuntime({ provider: 'cpu', linkFolder: join(folder, 'links') });
    for (const path of [join(folder, 'v.bin'), join(folder, 'links.bin')]) {
      writeFileSync(path, Float32Array.of(0, 10, 20));
      const model = readModel(encodeModel(proto), (name) => (name === location ? join(folder, location) : path));
      expect(model.files.map((file) => file.regions)).toEqual([[[0, 8]], [[4, 12]]]);
      const session = await runtime.open(model);
      expect([...((await session.run({ x: float32([2], [1, 1]) }))['y']!.data as Float32Array)]).toEqual([12, 23]);
      await session.release();
    }
  });
  it('gives a name to every size that the file does not say, and leaves weights out of the inputs', () => {
    const tensor = (dim: object[]) => ({ tensorType: { elemType: 1, shape: { dim } } });
    const bytes = encodeModel({
      graph: {
        node: [{ opType: 'Identity', input: ['x'], output: ['y'] }],
        initializer: [{ name: 'w', dims: [1], dataType: 1, rawData: new Uint8Array(float32([1], [1]).data.buffer) }],
        input: [
          { name: 'x', type: tensor([{ dimParam: 'batch' }, { dimValue: 0 }, {}, { dimValue: 4 }]) },
          { name: 'w', type: tensor([{ dimValue: 1 }]) },
        ],
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
  it.each(['../secret.bin', '/etc/secret.bin', 'C:\\secret.bin', 'a/../../b'])('refuses weights outside of its folder: %s', (location) => {
    const bytes = encodeModel({
      graph: {
        node: [{ opType: 'Identity', input: ['w'], output: ['y'] }],
        initializer: [{ name: 'w', dims: [1], dataType: 1, dataLocation: 1, externalData: [{ key: 'location', value: location }] }],
        output: [{ name: 'y', type: { tensorType: { elemType: 1, shape: { dim: [{ dimValue: 1 }] } } } }],
      },
    });
    expect(() => readModel(bytes, nowhere)).toThrow(/initializer w: expected a file in the model's folder/);
  });
});

const weight = parameter('w', 'float32', [2], { kind: 'memory', tensor: float32([2], [1, 2]) });
const { bytes: sample } = buildModel({ y: op.LeakyRelu([op.Mul([input('x', 'float32', [2]), weight])], { alpha: 0.25 }) });

describe('describing a model', () => {
  it('lists opsets, nodes and initializers', () => {
    const { opsets, nodes, initializers, irVersion } = describeModel(sample);
    expect({ opsets, irVersion }).toEqual({ opsets: { '': 21, 'com.microsoft': 1 }, irVersion: 10 });
    expect(nodes.map((node) => [node.op, node.inputs, node.outputs])).toEqual([
      ['Mul', ['x', 'w'], ['Mul_1']],
      ['LeakyRelu', ['Mul_1'], ['y']],
    ]);
    expect(initializers).toEqual([{ name: 'w', dtype: 'float32', shape: [2], location: null }]);
  });
  it('keeps fields that it does not know, numbers beyond 2^53 and negative ones when it writes a model again', () => {
    const training = Uint8Array.of(0xa2, 0x01, 3, 1, 2, 3); // field 20, three bytes
    const proto = {
      graph: { node: [{ opType: 'X', attribute: [{ name: 'i', i: -(2n ** 63n), ints: [-1, 2 ** 40, 2n ** 62n] }] }] },
      unknown: [training],
    };
    const again = decodeModel(encodeModel(proto));
    expect(again).toEqual(proto);
    expect(encodeModel(again)).toEqual(encodeModel(proto));
  });
  it('reads numbers that an older writer did not pack', () => {
    // graph (7) > initializer (5) > dims (1) twice, each with its own tag
    expect(describeModel(Uint8Array.of(0x3a, 6, 0x2a, 4, 0x08, 2, 0x08, 3)).initializers[0]!.shape).toEqual([2, 3]);
  });
  it('either reads a damaged model or says what is malformed, wherever the damage is', () => {
    const rng = createRng(5);
    let refused = 0;
    const tryOut = (bytes: Uint8Array) => {
      try {
        describeModel(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(CodedError);
        expect((error as CodedError).code).toBe('ONNX_MALFORMED');
        refused++;
      }
    };
    for (let length = 0; length < sample.length; length++) tryOut(sample.subarray(0, length));
    for (let round = 0; round < 2000; round++) {
      const damaged = sample.slice();
      damaged[rng.integer(damaged.length)] = rng.integer(256);
      tryOut(damaged);
    }
    expect(refused).toBeGreaterThan(500);
  });
  it('refuses messages nested without end, a length beyond the file and a number without end', () => {
    let nested: Uint8Array = new Uint8Array();
    // node, attribute and graph in each other, fields 1, 5 and 6
    for (let depth = 0; depth < 200; depth++)
      nested = Uint8Array.of([0x0a, 0x2a, 0x32][(199 - depth) % 3]!, ...varint(nested.length), ...nested);
    expect(() => describeModel(Uint8Array.of(0x3a, ...varint(nested.length), ...nested))).toThrow('at most 64 nested messages');
    expect(() => describeModel(Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f))).toThrow(
      /byte 6: expected 4294967295 more bytes of a field, got 0/,
    );
    expect(() => describeModel(new Uint8Array(20).fill(0xff))).toThrow('a varint of at most 10 bytes');
  });
  const file = join(import.meta.dirname, '../../../../shared/data/weights/yunet_n_dynamic.onnx');
  if (!existsSync(file)) console.warn(`SKIPPED: ${file} is not there, so no foreign ONNX file is read and written again`);
  it.skipIf(!existsSync(file))('reads a face detector of others and writes it again without loss', () => {
    const bytes = new Uint8Array(readFileSync(file));
    const { nodes, proto, inputs } = describeModel(bytes);
    expect(nodes.filter((node) => node.op === 'Conv').length).toBeGreaterThan(20);
    expect(inputs.map(({ name }) => name)).toEqual(['input']);
    expect(decodeModel(encodeModel(proto))).toEqual(proto);
  });
});

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}
