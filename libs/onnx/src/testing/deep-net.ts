// A residual net of convolutions and attention, deep enough that its activations are most of what its training takes.
import { createRng, float32, sizeOf, type Shape, type Tensors } from '@facewright/tensor';
import { op } from '../builder.ts';
import { groupNorm, mseLoss, scaledDotProductAttention, silu } from '../composite.ts';
import { constant, input, parameter } from '../source.ts';
import type { TrainedParameter } from '../train-step.ts';
import type { Value } from '../value.ts';

export interface DeepNet {
  readonly loss: Value;
  readonly parameters: readonly TrainedParameter[];
  readonly feeds: Tensors;
}

/** Blocks of norm, SiLU, a frozen convolution and a trained 1x1 convolution, added to what came before; attention with trained queries over a quarter of the pixels at the end. A skip leads from the first block to the last. */
export function deepNet({
  blocks,
  channels,
  side,
}: {
  readonly blocks: number;
  readonly channels: number;
  readonly side: number;
}): DeepNet {
  const rng = createRng(7);
  const random = (shape: Shape, spread: number) =>
    float32(
      shape,
      rng.normal(sizeOf(shape)).map((value) => value * spread),
    );
  const parameters: TrainedParameter[] = [];
  const trained = (name: string, shape: Shape): Value => {
    const value = input(name, 'float32', shape);
    parameters.push({ name, value, initial: random(shape, 0.1) });
    return value;
  };
  const frozen = (name: string, shape: Shape, spread: number): Value =>
    parameter(name, 'float32', shape, { kind: 'memory', tensor: random(shape, spread) });
  const ones = constant(float32([channels], new Float32Array(channels).fill(1)));
  const zeros = constant(float32([channels], new Float32Array(channels)));
  const picture = [1, channels, side, side];
  let x = input('x', 'float32', picture);
  let skip: Value | null = null;
  for (let block = 0; block < blocks; block++) {
    const normed = silu(groupNorm(x, ones, zeros, { groups: 4, epsilon: 1e-5 }));
    const convolved = op.Conv([normed, frozen(`conv${block}`, [channels, channels, 3, 3], 0.1)], { pads: [1, 1, 1, 1] });
    x = op.Add([x, op.Conv([convolved, trained(`mix${block}`, [channels, channels, 1, 1])])]);
    skip ??= x;
  }
  x = op.Add([x, skip!]);
  const tokens = op.Transpose(
    [op.Reshape([op.AveragePool([x], { kernel_shape: [4, 4], strides: [4, 4] })], { shape: [1, channels, -1] })],
    { perm: [0, 2, 1] },
  );
  const queries = op.MatMul([tokens, trained('queries', [channels, channels])]);
  const attended = scaledDotProductAttention(queries, tokens, tokens, { heads: 2, fused: true });
  const loss = mseLoss(attended, input('target', 'float32', attended.shape));
  return { loss, parameters, feeds: { x: random(picture, 1), target: random(attended.shape, 1) } };
}
