import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { float32, type RunnableModel, type Tensor } from '@facewright/tensor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SWIFTSHADER } from './choose-provider.ts';
import { createRuntime, type Runtime } from './runtime.ts';

const bytes = (name: string) => new Uint8Array(readFileSync(join(import.meta.dirname, 'fixtures', `${name}.onnx`)));
const f32 = (name: string, ...shape: (number | string)[]) => ({ name, dtype: 'float32', shape }) as const;
const hasDriver = existsSync(SWIFTSHADER) || existsSync('/dev/dri/renderD128') || process.platform !== 'linux';
if (!hasDriver) console.warn(`SKIPPED: WebGPU specs need a GPU, or SwiftShader of Debian's chromium at ${SWIFTSHADER}`);

describe.skipIf(!hasDriver)('a session on WebGPU', () => {
  let cpu: Runtime, gpu: Runtime;
  beforeAll(async () => {
    cpu = await createRuntime({ provider: 'cpu' });
    gpu = await createRuntime({ provider: 'webgpu' });
  });
  afterAll(async () => {
    await gpu.dispose();
  });

  it('gives the numbers of the CPU on a convolution', async () => {
    const data = (length: number, scale: number) => new Uint8Array(Float32Array.from({ length }, (_, i) => Math.sin(i * scale)).buffer);
    const model: RunnableModel = {
      bytes: bytes('conv'),
      inputs: [f32('x', 'n', 3, 8, 8)],
      outputs: [f32('y', 'n', 4, 8, 8)],
      files: [],
      memory: [
        { location: 'kernel.bin', data: data(108, 1) },
        { location: 'bias.bin', data: data(4, 2) },
      ],
    };
    const x = float32(
      [2, 3, 8, 8],
      Float32Array.from({ length: 384 }, (_, i) => Math.cos(i)),
    );
    const [a, b] = await Promise.all(
      [cpu, gpu].map(async (runtime) => (await (await runtime.open(model)).run({ x }))['y'] as Tensor<'float32'>),
    );
    expect(Math.max(...a!.data)).toBeGreaterThan(0.5);
    // 27 products of magnitude 1 summed in single precision, in another order.
    expect(Math.max(...a!.data.map((v, i) => Math.abs(v - b!.data[i]!)))).toBeLessThan(3e-6);
  });
  it('keeps the state of a training loop on the device and reads it back', async () => {
    const step: RunnableModel = {
      bytes: bytes('step'),
      inputs: [f32('w', 4), f32('gradient', 4)],
      outputs: [f32('next', 4), f32('loss')],
      files: [],
      memory: [],
    };
    const session = await gpu.open(step, { state: [{ input: 'w', output: 'next', initial: float32([4], [1, 2, 3, 4]) }] });
    const gradient = float32([4], [2, 2, 2, 2]);
    const losses = [];
    for (let i = 0; i < 4; i++) losses.push((await session.run({ gradient }))['loss']!.data[0]);
    expect(losses).toEqual([10, 6, 2, -2]);
    expect(Array.from((await session.readState())['w']!.data as Float32Array)).toEqual([-3, -2, -1, 0]);
    expect((await session.run({ gradient }))['loss']!.data[0]).toBe(-6);
    await session.release();
  });
});
