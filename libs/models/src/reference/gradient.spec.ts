// Gradients of whole models by every parameter and input together, against central differences along random directions.
import { constant, mseLoss, op, type Value } from '@facewright/onnx';
import { checkGradient } from '@facewright/onnx/testing';
import { createRuntime } from '@facewright/runtime';
import { int64, type Tensor } from '@facewright/tensor';
import { describe, expect, it } from 'vitest';
import autoencoders from '../fixtures/autoencoder-kl.json' with { type: 'json' };
import rewards from '../fixtures/blip-reward.json' with { type: 'json' };
import texts from '../fixtures/clip-text.json' with { type: 'json' };
import unets from '../fixtures/unet-2d-condition.json' with { type: 'json' };
import {
  AutoencoderKL,
  bind,
  BlipReward,
  ClipText,
  parseAutoencoderConfig,
  parseBlipRewardConfig,
  parseClipTextConfig,
  parseUNetConfig,
  UNet2DCondition,
  type Binding,
  type Module,
} from '../index.ts';
import { hashedTensor, hashedWeights } from './hashed-tensor.ts';

const runtime = await createRuntime({ provider: 'cpu' });

/** Error of the gradient of `loss` by all parameters of a module and by `inputs`. */
async function errorOf(
  module: Module,
  inputs: readonly Tensor[],
  loss: (b: Binding, inputs: readonly Value[]) => Value,
  seed: number,
): Promise<number> {
  const weights = hashedWeights(module);
  const names = [...weights.keys()];
  const build = (xs: readonly Value[]): Value =>
    loss(
      bind(module, (name) => xs[inputs.length + names.indexOf(name)]!),
      xs,
    );
  return (await checkGradient({ runtime, at: [...inputs, ...weights.values()], build, seed, step: 2 ** -10 })).error;
}

/** Rounding of losses near 1 (1e-7) over a step of 2^-10 leaves about 1e-4; the remainder of the difference is smaller. */
const tolerance = 5e-4;

describe.each([1, 2])('along direction %i', (seed) => {
  it('the mean squared error of a U-Net', async () => {
    const { config: json } = unets.cases[0]!;
    const config = parseUNetConfig(json);
    const unet = new UNet2DCondition(config);
    const target = constant(hashedTensor('target', [2, 4, 4, 4]));
    const error = await errorOf(
      unet,
      [hashedTensor('sample', [2, 4, 4, 4]), hashedTensor('context', [2, 3, 12])],
      (b, [sample, context]) => {
        const timestep = constant({ dtype: 'float32', dims: [2], data: Float32Array.of(3, 700) });
        return mseLoss(unet.forward(b, { sample: sample!, timestep, encoder_hidden_states: context! }), target);
      },
      seed,
    );
    expect(error).toBeLessThan(tolerance);
  });
  it('the mean squared error of a U-Net, by the pooled text too', async () => {
    const { config: json, time_ids: sizes } = unets.cases.find(({ name }) => name === 'as Stable Diffusion XL, inpainting')!;
    const unet = new UNet2DCondition(parseUNetConfig(json));
    const error = await errorOf(
      unet,
      [hashedTensor('sample', [2, 9, 4, 4]), hashedTensor('context', [2, 3, 6]), hashedTensor('pooled', [2, 5])],
      (b, [sample, context, pooled]) => {
        const prediction = unet.forward(b, {
          sample: sample!,
          timestep: constant({ dtype: 'float32', dims: [2], data: Float32Array.of(3, 700) }),
          encoder_hidden_states: context!,
          text_embeds: pooled!,
          time_ids: constant({ dtype: 'float32', dims: [2, 6], data: Float32Array.from(sizes!.flat()) }),
        });
        return mseLoss(prediction, constant(hashedTensor('target', [2, 4, 4, 4])));
      },
      seed,
    );
    expect(error).toBeLessThan(tolerance);
  });
  it('the reconstruction and divergence of an autoencoder', async () => {
    const vae = new AutoencoderKL(parseAutoencoderConfig(autoencoders.cases[0]!.config));
    const error = await errorOf(
      vae,
      [hashedTensor('picture', [1, 3, 8, 8])],
      (b, [picture]) => {
        const { mean, logvar } = vae.encode(b, picture!);
        const spread = op.Exp([op.Mul([logvar, 0.5])]);
        const z = op.Add([mean, op.Mul([spread, constant(hashedTensor('noise', mean.shape))])]);
        return op.Add([mseLoss(vae.decode(b, z), picture!), mseLoss(spread, constant(hashedTensor('one', mean.shape)))]);
      },
      seed,
    );
    expect(error).toBeLessThan(tolerance);
  });
  it('the ranking loss of a reward model', async () => {
    const { config: json, input_ids: ids, attention_mask: mask } = rewards.cases[1]!;
    const model = new BlipReward(parseBlipRewardConfig(json));
    const two = { ids: ids.slice(0, 2).flat(), mask: mask.slice(0, 2).flat() };
    const error = await errorOf(
      model,
      [hashedTensor('pixels', [2, 3, 24, 24])],
      (b, [pixels]) => {
        const reward = model.forward(b, {
          pixel_values: pixels!,
          input_ids: constant(int64([2, 6], two.ids)),
          attention_mask: constant({ dtype: 'float32', dims: [2, 6], data: Float32Array.from(two.mask) }),
        });
        const [good, bad] = op.Split([reward], { axis: 0, split: [1, 1] }) as [Value, Value];
        return op.Softplus([op.Sub([bad, good])]);
      },
      seed,
    );
    expect(error).toBeLessThan(tolerance);
  });
  it('the features and the pooled vector of a text model, by vectors that replace its tokens too', async () => {
    const { config: json } = texts.cases.find(({ name }) => name.startsWith('gelu and projection'))!;
    const text = new ClipText(parseClipTextConfig(json));
    const error = await errorOf(
      text,
      [hashedTensor('token_embeds', [1, 5, 12])],
      (b, [vectors]) => {
        const mask = constant({ dtype: 'float32', dims: [1, 5, 1], data: Float32Array.of(0, 1, 1, 0, 0) });
        const { hidden, pooled } = text.forward(b, constant(int64([1, 5], [3, 9, 1, 9, 2])), {
          skip: 1,
          finalNorm: false,
          poolIndex: constant(int64([1], [4])),
          given: { vectors: vectors!, mask },
        });
        const target = (x: Value) => mseLoss(x, constant(hashedTensor('target', x.shape)));
        return op.Add([target(hidden), target(pooled!)]);
      },
      seed,
    );
    expect(error).toBeLessThan(tolerance);
  });
  it('the features of a text model', async () => {
    const text = new ClipText(parseClipTextConfig(texts.cases[0]!.config));
    const error = await errorOf(
      text,
      [],
      (b) => {
        const { hidden: features } = text.forward(b, constant(int64([1, 5], [3, 9, 1, 9, 2])));
        return mseLoss(features, constant(hashedTensor('target', features.shape)));
      },
      seed,
    );
    expect(error).toBeLessThan(tolerance);
  });
});
