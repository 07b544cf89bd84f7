// Whole training steps against the authors' networks in PyTorch: rewards, loss, gradients and Adam, with their freeze rule (tools/reference/face_score_step.py).
import { inputWeights, parseBlipRewardConfig, storedWeights, BlipReward, blipGraph, inMemory } from '@facewright/models';
import type { Json, WeightSource } from '@facewright/models';
import { relativeError, type Packed } from '@facewright/models/testing/fixture';
import { hashedTensor, hashedWeights } from '@facewright/models/testing/hashed-tensor';
import { buildModel, grad, trainStep } from '@facewright/onnx';
import type { Value } from '@facewright/onnx';
import { createRuntime } from '@facewright/runtime';
import { float32, int64, scalar } from '@facewright/tensor';
import type { Tensors } from '@facewright/tensor';
import { afterAll, describe, expect, it } from 'vitest';
import reference from './fixtures/train-step.json' with { type: 'json' };
import { frozenParameters } from './frozen-parameters.ts';
import { rankingGraph } from './ranking-graph.ts';

/** Largest difference over the largest value of the same tensor: float32 sums in another order. */
const TOLERANCE = 1e-5;
/** Of the learning rate, which is how far a step moves a parameter: one rounding of a parameter near 1 is 6e-5 of it. */
const ADAM_TOLERANCE = 3e-4;

const runtime = await createRuntime({ provider: 'cpu' });
afterAll(() => runtime.dispose());
const { pairs, tokens, learning_rate: rate } = reference;
const config = parseBlipRewardConfig(reference.config as Json);
const weights = hashedWeights(new BlipReward(config));
/** Below this a gradient is rounding: the largest are near 1. */
const NOTHING = 1e-5;
const numbers = ({ float32: text }: Packed) => new Float32Array(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)).buffer);
const largest = (of: Packed) => Math.max(...numbers(of).map(Math.abs));
const packed = (of: Readonly<Record<string, Packed | undefined>>) =>
  Object.entries(of).flatMap(([name, value]) => (value ? [[name, value] as const] : []));

function feedsOf(step: number): Tensors {
  const side = config.vision.imageSize;
  const halves = ['good', 'bad'].map((kind) => hashedTensor(`${kind}.${step}`, [pairs, 3, side, side]).data);
  const rows = Array.from({ length: 2 * pairs }, () => [2, 5, 7, 3, 0, 0]).flat();
  return {
    pixel_values: float32([2 * pairs, 3, side, side], Float32Array.from(halves.flatMap((half) => [...half]))),
    input_ids: int64([2 * pairs, tokens], rows),
    attention_mask: float32(
      [2 * pairs, tokens],
      rows.map((id) => (id === 0 ? 0 : 1)),
    ),
  };
}
const sourceOf = (frozen: ReadonlySet<string>, inputs: Map<string, Value>): WeightSource => {
  const [still, moving] = [storedWeights(inMemory(weights)), inputWeights(inputs)];
  return (name, parameter) => (frozen.has(name) ? still : moving)(name, parameter);
};

describe.each(reference.cases)('a training step with a frozen share of $frozenShare', ({ frozenShare, trained, steps }) => {
  const frozen = frozenParameters(config, frozenShare);
  it('trains the parameters that the authors train', () => {
    expect([...weights.keys()].filter((name) => !frozen.has(name)).sort()).toEqual(trained);
  });
  it('gives their rewards, loss and gradients', async () => {
    const scores = await runtime.open(buildModel(blipGraph(config, { batch: 2 * pairs, tokens }, storedWeights(inMemory(weights)))));
    expect(relativeError((await scores.run(feedsOf(0)))['reward'], steps[0]!.rewards)).toBeLessThan(TOLERANCE);
    await scores.release();
    const inputs = new Map<string, Value>();
    const { loss, accuracy } = rankingGraph(config, pairs, tokens, sourceOf(frozen, inputs));
    const names = [...inputs.keys()];
    const gradients = grad(loss, [...inputs.values()]);
    const session = await runtime.open(
      buildModel({ loss, accuracy, ...Object.fromEntries(names.map((name, i) => [`d ${name}`, gradients[i]!])) }),
    );
    const parameters = Object.fromEntries(names.map((name) => [name, weights.get(name)!]));
    const result = await session.run({ ...parameters, ...feedsOf(0) });
    await session.release();
    expect(Math.abs(Number(result['loss']!.data[0]) / steps[0]!.loss - 1)).toBeLessThan(TOLERANCE);
    expect(Number(result['accuracy']!.data[0])).toBeCloseTo(steps[0]!.accuracy, 6);
    const found = packed(steps[0]!.gradients);
    expect(found.length).toBeGreaterThan(40);
    let compared = 0;
    for (const [name, gradient] of found) {
      const got = result[`d ${name}`];
      if (largest(gradient) > NOTHING) compared++;
      // keys shifted alike change no attention, and what both scores of a pair get alike no difference: these are 0 but for rounding
      else expect(Math.max(...[...got!.data].map((value) => Math.abs(Number(value)))), name).toBeLessThan(NOTHING);
      if (largest(gradient) > NOTHING) expect(relativeError(got, gradient), name).toBeLessThan(TOLERANCE);
    }
    expect(compared / found.length).toBeGreaterThan(0.8);
  });
});

describe('two steps of Adam', () => {
  it('move the parameters to where torch.optim.Adam moves them', async () => {
    const { frozenShare, steps } = reference.cases[0]!;
    const inputs = new Map<string, Value>();
    const { loss } = rankingGraph(config, pairs, tokens, sourceOf(frozenParameters(config, frozenShare), inputs));
    const step = trainStep({
      loss,
      optimiser: { weightDecay: 0 },
      parameters: [...inputs].map(([name, value]) => ({ name, value, initial: weights.get(name)! })),
    });
    const session = await runtime.open(step.model, { state: step.state });
    for (const [index, { loss: want }] of steps.entries()) {
      const { loss: got } = await session.run({ ...feedsOf(index), step: scalar(index + 1), learning_rate: scalar(rate) });
      expect(Math.abs(Number(got!.data[0]) / want - 1)).toBeLessThan(TOLERANCE);
    }
    const state = await session.readState();
    await session.release();
    const moved = packed(steps[1]!.parameters);
    expect(moved).toHaveLength(inputs.size);
    let compared = 0;
    for (const [name, want] of moved) {
      const [got, there, gradient] = [
        state[name]!.data,
        numbers(want),
        numbers(steps[0]!.gradients[name as keyof (typeof steps)[0]['gradients']]!),
      ];
      // a gradient of 0 but for rounding moves by the whole rate, in either direction
      there.forEach((value, i) => {
        if (Math.abs(gradient[i]!) < NOTHING) return;
        compared++;
        expect(Math.abs(Number(got[i]) - value), `${name} ${i}`).toBeLessThan(ADAM_TOLERANCE * rate);
      });
    }
    expect(compared).toBeGreaterThan(3000);
  });
});
