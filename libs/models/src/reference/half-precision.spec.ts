// Graphs that compute in float16, against the float32 numbers of the reference implementations.
import { buildModel, type Value } from '@facewright/onnx';
import { createRuntime } from '@facewright/runtime';
import { float32, int64, type Tensor, type Tensors } from '@facewright/tensor';
import { describe, expect, it } from 'vitest';
import texts from '../fixtures/clip-text.json' with { type: 'json' };
import unets from '../fixtures/unet-2d-condition.json' with { type: 'json' };
import {
  ClipText,
  inMemory,
  lowRankShapes,
  parseClipTextConfig,
  parseUNetConfig,
  storedWeights,
  textGraph,
  UNet2DCondition,
  unetGraph,
  withStoredLowRank,
} from '../index.ts';
import { relativeError } from './fixture.ts';
import { hashedTensor, hashedWeights } from './hashed-tensor.ts';
import { rounded } from './rounded.ts';

type Outputs = Readonly<Record<string, Value>>;

const runtime = await createRuntime({ provider: 'cpu' });
const run = async (outputs: Outputs, feeds: Tensors): Promise<Tensors> => {
  const session = await runtime.open(buildModel(outputs));
  const result = await session.run(feeds);
  await session.release();
  return result;
};

/** As built, and rounded everywhere. */
const ways = [(outputs: Outputs) => outputs, rounded];

const isHalf = (outputs: Outputs): boolean => {
  const seen = new Set<Value>();
  const wide: string[] = [];
  const visit = (value: Value): void => {
    if (seen.has(value)) return;
    seen.add(value);
    if (value.source.kind !== 'node') return;
    const { node } = value.source;
    if (['Conv', 'Gemm', 'MatMul', 'LayerNormalization', 'InstanceNormalization', 'Softmax', 'MultiHeadAttention'].includes(node.op))
      if (value.dtype !== 'float16') wide.push(node.op);
    node.inputs.forEach((operand) => operand && visit(operand));
  };
  Object.values(outputs).forEach(visit);
  return wide.length === 0;
};

const toHalf = (tensors: ReadonlyMap<string, Tensor<'float32'>>): Map<string, Tensor> =>
  new Map(
    [...tensors].map(([name, { dims, data }]) => [name, { dtype: 'float16', dims, data: new Uint16Array(Float16Array.from(data).buffer) }]),
  );

/** Eight roundings of float16, each at most 4.9e-4 of a value; measured up to 2.2e-3. */
const tolerance = 4e-3;

describe.each([{ fused: false }, { fused: true }])('in float16, with fused attention: $fused', ({ fused }) => {
  const options = { fused, precision: 'float16' } as const;

  it.each(unets.cases)('UNet2DConditionModel $name agrees with diffusers in float32', async (reference) => {
    const { height, width, tokens } = reference;
    const config = parseUNetConfig(reference.config);
    const weights = hashedWeights(new UNet2DCondition(config));
    const feeds = {
      sample: hashedTensor('sample', [2, config.inChannels, height, width]),
      timestep: float32([2], reference.timestep),
      encoder_hidden_states: hashedTensor('encoder_hidden_states', [2, tokens, config.crossAttentionDim]),
      ...(config.addition && {
        text_embeds: hashedTensor('text_embeds', [2, config.addition.textWidth]),
        time_ids: float32([2, 6], reference.time_ids!.flat()),
      }),
    };
    for (const stored of [weights, toHalf(weights)]) {
      const graph = { ...unetGraph(config, { batch: 2, height, width, tokens }, storedWeights(inMemory(stored)), options) };
      expect(isHalf(graph)).toBe(true);
      for (const way of ways) {
        // Tiny norms enlarge roundings, by what is a matter of luck: as far off as diffusers itself in float16, within a factor for the luck.
        const error = relativeError((await run(way(graph), feeds))['prediction'], reference.prediction);
        expect(error).toBeLessThan(Math.max(tolerance, 2.5 * reference.half_error));
      }
    }
  });

  it.each(texts.cases)('the text model with $name agrees with transformers in float32', async (reference) => {
    const config = parseClipTextConfig(reference.config);
    const weights = storedWeights(inMemory(hashedWeights(new ClipText(config))));
    const mask = new Float32Array(18);
    for (const [row, token] of reference.given.at as [number, number][]) mask[row * 9 + token] = 1;
    const ids = int64([2, 9], reference.input_ids.flat());
    const plain = { ...textGraph(config, { batch: 2, tokens: 9 }, weights, { ...options, pooled: true }) };
    const given = { ...textGraph(config, { batch: 2, tokens: 9 }, weights, { ...options, embeds: true }) };
    expect(isHalf(plain) && isHalf(given)).toBe(true);
    for (const way of ways) {
      const { hidden, pooled } = await run(way(plain), { input_ids: ids, pool_index: int64([2], reference.pool_index) });
      expect(relativeError(hidden, reference.last_hidden_state)).toBeLessThan(tolerance);
      expect(relativeError(pooled, reference.pooled)).toBeLessThan(tolerance);
      const feeds = {
        input_ids: ids,
        token_embeds: hashedTensor('token_embeds', [2, 9, config.width]),
        token_embeds_mask: float32([2, 9, 1], mask),
      };
      expect(relativeError((await run(way(given), feeds))['hidden'], reference.given.hidden)).toBeLessThan(tolerance);
    }
  });
});

it('factors of a LoRA of any element type are cast to the precision of the graph', async () => {
  const [reference] = texts.cases;
  const config = parseClipTextConfig(reference!.config);
  const text = new ClipText(config);
  const name = 'text_model.encoder.layers.0.mlp.fc1.weight';
  const shapes = lowRankShapes(new Map(text.parameters()).get(name)!, 2);
  const factors = new Map([
    ['down', hashedTensor('down', shapes.down)],
    ['up', hashedTensor('up', shapes.up)],
  ]);
  const outputs = (stored: ReadonlyMap<string, Tensor>, precision: 'float32' | 'float16') => {
    const found = inMemory(stored);
    const lora = new Map([[name, { down: found.get('down')!, up: found.get('up')!, scale: 1 }]]);
    const weights = withStoredLowRank(storedWeights(inMemory(hashedWeights(text))), lora, { strength: 0.5, label: 'lora' });
    return run(rounded({ ...textGraph(config, { batch: 2, tokens: 9 }, weights, { precision }) }), {
      input_ids: int64([2, 9], reference!.input_ids.flat()),
    });
  };
  const wanted = (await outputs(factors, 'float32'))['hidden'] as Tensor<'float32'>;
  const packed = { shape: wanted.dims, float32: Buffer.from(wanted.data.buffer).toString('base64') };
  expect(relativeError(wanted, reference!.last_hidden_state)).toBeGreaterThan(0.05);
  for (const stored of [factors, toHalf(factors)])
    expect(relativeError((await outputs(stored, 'float16'))['hidden'], packed)).toBeLessThan(tolerance);
});
