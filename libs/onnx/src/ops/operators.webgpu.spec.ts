// Every operator and every gradient on the WebGPU provider, beside the CPU.
import { createRuntime, SWIFTSHADER } from '@facewright/runtime';
import { createRng, float32, sizeOf, type Tensor, type Tensors } from '@facewright/tensor';
import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildModel } from '../build-model.ts';
import { op } from '../builder.ts';
import { grad } from '../grad.ts';
import { input } from '../source.ts';
import { operatorCases } from '../testing/operator-cases.ts';
import type { Value } from '../value.ts';

const hasDriver = existsSync(SWIFTSHADER) || existsSync('/dev/dri/renderD128') || process.platform !== 'linux';
if (!hasDriver) console.warn(`SKIPPED: WebGPU specs need a GPU, or SwiftShader of Debian's chromium at ${SWIFTSHADER}`);

/** Beside 1 or the largest value: sums in another order. */
const TOLERANCE = 1e-5;
/** WGSL promises sin and cos to 2^-11 only, and SwiftShader takes that liberty. */
const TRIGONOMETRY_TOLERANCE = 2 ** -11;
/** onnxruntime 1.30 on WebGPU fails with `raw_hash_map<>::at` on a Pow whose operands both broadcast or are aligned off their first axis. */
const defects: ReadonlySet<string> = new Set(['Pow: broadcasting [2, 3, 4] and [3, 1]', 'Pow: broadcasting [3, 1] and [1, 4]']);
const cases = operatorCases
  .map((entry) => ({ ...entry, name: `${entry.op}: ${entry.title}` }))
  .filter(({ name, op }) => op !== 'Cast' && !defects.has(name));

/** All cases in one graph: opening a session costs more than running a case. */
function wholeModel() {
  const rng = createRng(4);
  const feeds: Record<string, Tensor> = {};
  const inputs: Value[] = [];
  const outputs: Record<string, Value> = {};
  const feed = (name: string, tensor: Tensor): Value => {
    feeds[name] = tensor;
    const value = input(name, 'float32', tensor.dims);
    inputs.push(value);
    return value;
  };
  cases.forEach((entry, number) => {
    const xs = entry.at.map(({ dims, data }, index) => feed(`x${number}.${index}`, float32(dims, Float32Array.from(data as Float32Array))));
    const y = op.Cast([entry.build(op, xs)], { to: 'float32' });
    outputs[`y${number}`] = y;
    if (entry.gradientTolerance === 'none') return;
    grad(y, xs, feed(`seed${number}`, float32(y.shape, rng.normal(sizeOf(y.shape))))).forEach(
      (g, index) => (outputs[`g${number}.${index}`] = g),
    );
  });
  return { model: buildModel(outputs, { inputs }), feeds };
}

describe.skipIf(!hasDriver)('on WebGPU, values and gradients are those of the CPU', () => {
  const results: Tensors[] = [];
  beforeAll(async () => {
    const { model, feeds } = wholeModel();
    for (const provider of ['cpu', 'webgpu'] as const) {
      const session = await (await createRuntime({ provider })).open(model);
      results.push(await session.run(feeds));
      await session.release();
    }
  }, 300_000);

  it.each(cases.map((entry, number) => ({ ...entry, number })))('$name', ({ op: name, number }) => {
    const [cpu, gpu] = results as [Tensors, Tensors];
    const own = Object.keys(cpu).filter((output) => output === `y${number}` || output.startsWith(`g${number}.`));
    for (const output of own) {
      const [a, b] = [cpu, gpu].map((tensors) => tensors[output]!.data as Float32Array) as [Float32Array, Float32Array];
      const size = Math.max(1, ...a.map(Math.abs));
      const worst = Math.max(...a.map((value, index) => Math.abs(value - b[index]!))) / size;
      expect(worst, output).toBeLessThan(name === 'Sin' || name === 'Cos' ? TRIGONOMETRY_TOLERANCE : TOLERANCE);
    }
  });
});
