// Architectures against the reference implementations (tools/reference), on weights that are hashes of their names.
import { buildModel, type Value } from '@facewright/onnx';
import { createRuntime } from '@facewright/runtime';
import { float32, int64, type Tensors } from '@facewright/tensor';
import { describe, expect, it } from 'vitest';
import autoencoders from '../fixtures/autoencoder-kl.json' with { type: 'json' };
import rewards from '../fixtures/blip-reward.json' with { type: 'json' };
import texts from '../fixtures/clip-text.json' with { type: 'json' };
import unets from '../fixtures/unet-2d-condition.json' with { type: 'json' };
import {
  AutoencoderKL,
  blipGraph,
  BlipReward,
  ClipText,
  compare,
  inMemory,
  parseAutoencoderConfig,
  parseBlipRewardConfig,
  parseClipTextConfig,
  parseUNetConfig,
  storedWeights,
  textGraph,
  UNet2DCondition,
  unetGraph,
  vaeDecodeGraph,
  vaeEncodeGraph,
} from '../index.ts';
import { relativeError } from './fixture.ts';
import { hashedTensor, hashedWeights } from './hashed-tensor.ts';

const runtime = await createRuntime({ provider: 'cpu' });
const run = async (outputs: Readonly<Record<string, Value>>, feeds: Tensors): Promise<Tensors> => {
  const session = await runtime.open(buildModel(outputs));
  const result = await session.run(feeds);
  await session.release();
  return result;
};
/** Both sides compute in float32, in another order: about ten rounding steps of 6e-8, amplified by normalisation. */
const tolerance = 5e-6;

describe.each([{ fused: false }, { fused: true }])('with fused attention: $fused', (options) => {
  it.each(unets.cases)(
    'UNet2DConditionModel $name agrees with diffusers',
    async ({ config: json, height, width, tokens, timestep, time_ids: sizes, prediction, parameters }) => {
      const config = parseUNetConfig(json);
      const unet = new UNet2DCondition(config);
      if (typeof parameters === 'number') expect([...unet.parameters()].length).toBe(parameters);
      else
        expect(compare(unet, new Map(Object.entries(parameters).map(([name, shape]) => [name, { shape: shape as number[] }])))).toEqual({
          missing: [],
          unexpected: [],
          misshapen: [],
        });
      const graph = unetGraph(config, { batch: 2, height, width, tokens }, storedWeights(inMemory(hashedWeights(unet))), options);
      const result = await run(
        { ...graph },
        {
          sample: hashedTensor('sample', [2, config.inChannels, height, width]),
          timestep: float32([2], timestep),
          encoder_hidden_states: hashedTensor('encoder_hidden_states', [2, tokens, config.crossAttentionDim]),
          ...(config.addition && {
            text_embeds: hashedTensor('text_embeds', [2, config.addition.textWidth]),
            time_ids: float32([2, 6], sizes!.flat()),
          }),
        },
      );
      expect(relativeError(result['prediction'], prediction)).toBeLessThan(tolerance);
    },
  );

  it.each(autoencoders.cases)('AutoencoderKL $name agrees with diffusers', async ({ config: json, parameters, mean, logvar, sample }) => {
    const config = parseAutoencoderConfig(json);
    const vae = new AutoencoderKL(config);
    expect([...vae.parameters()].length).toBe(parameters);
    const weights = storedWeights(inMemory(hashedWeights(vae)));
    const size = { batch: 2, height: 16, width: 8 };
    const encoded = await run({ ...vaeEncodeGraph(config, size, weights, options) }, { sample: hashedTensor('sample', [2, 3, 16, 8]) });
    expect(relativeError(encoded['mean'], mean)).toBeLessThan(tolerance);
    expect(relativeError(encoded['logvar'], logvar)).toBeLessThan(tolerance);
    const stride = 2 ** (config.blockOutChannels.length - 1);
    const decoded = await run(
      { ...vaeDecodeGraph(config, size, weights, options) },
      { latent_sample: hashedTensor('latent_sample', [2, config.latentChannels, 16 / stride, 8 / stride]) },
    );
    expect(relativeError(decoded['sample'], sample)).toBeLessThan(tolerance);
  });

  describe.each(texts.cases)(
    'the text model with $name agrees with transformers',
    ({ config: json, parameters, input_ids: rows, ...reference }) => {
      const config = parseClipTextConfig(json);
      const text = new ClipText(config);
      const weights = storedWeights(inMemory(hashedWeights(text)));
      const size = { batch: 2, tokens: 9 };
      const ids = int64([2, 9], rows.flat());
      const poolIndex = int64([2], reference.pool_index);

      it('in its features', async () => {
        expect([...text.parameters()].length).toBe(parameters);
        const { hidden } = await run({ ...textGraph(config, size, weights, options) }, { input_ids: ids });
        expect(relativeError(hidden, reference.last_hidden_state)).toBeLessThan(tolerance);
      });
      it.each(reference.skipped)(
        '$skip layers from the end, with the final norm: $finalNorm',
        async ({ skip, finalNorm, hidden: wanted }) => {
          const graph = textGraph(config, size, weights, { ...options, skip, finalNorm });
          const { hidden } = await run({ ...graph }, { input_ids: ids });
          expect(relativeError(hidden, wanted)).toBeLessThan(tolerance);
        },
      );
      it.each(reference.skipped)(
        'pooled from the last layer, while features are taken $skip layers before it',
        async ({ skip, finalNorm, hidden: wanted }) => {
          const graph = textGraph(config, size, weights, { ...options, skip, finalNorm, pooled: true });
          const { hidden, pooled } = await run({ ...graph }, { input_ids: ids, pool_index: poolIndex });
          expect(relativeError(hidden, wanted)).toBeLessThan(tolerance);
          expect(relativeError(pooled, reference.pooled)).toBeLessThan(tolerance);
        },
      );
      it('where vectors replace those of tokens', async () => {
        const graph = textGraph(config, size, weights, { ...options, embeds: true });
        const mask = new Float32Array(18);
        for (const [row, token] of reference.given.at as [number, number][]) mask[row * 9 + token] = 1;
        const vectors = hashedTensor('token_embeds', [2, 9, config.width]);
        const feeds = { input_ids: ids, token_embeds: vectors, token_embeds_mask: float32([2, 9, 1], mask) };
        expect(relativeError((await run({ ...graph }, feeds))['hidden'], reference.given.hidden)).toBeLessThan(tolerance);
      });
      it('with its projection as a matrix, as OpenCLIP holds it', async () => {
        if (!config.projection) return;
        const matrix = { ...config, projection: { ...config.projection, layout: 'matrix' as const } };
        const tensors = hashedWeights(text);
        const { dims, data } = tensors.get('text_projection.weight')!;
        const [outputs = 0, inputs = 0] = dims;
        const turned = Float32Array.from(data, (_, i) => data[(i % outputs) * inputs + Math.floor(i / outputs)]!);
        tensors.set('text_projection', float32([inputs, outputs], turned));
        const graph = textGraph(matrix, size, storedWeights(inMemory(tensors)), { ...options, pooled: true });
        const { pooled } = await run({ ...graph }, { input_ids: ids, pool_index: poolIndex });
        expect(relativeError(pooled, reference.pooled)).toBeLessThan(tolerance);
      });
    },
  );

  it.each(rewards.cases)(
    'the BLIP reward model with $name agrees with transformers',
    async ({ config: json, parameters, input_ids: ids, attention_mask: mask, reward }) => {
      const config = parseBlipRewardConfig(json);
      const model = new BlipReward(config);
      expect([...model.parameters()].length).toBe(parameters);
      const [n, tokens] = [ids.length, ids[0]!.length];
      const size = config.vision.imageSize;
      const result = await run(
        { ...blipGraph(config, { batch: n, tokens }, storedWeights(inMemory(hashedWeights(model))), options) },
        {
          pixel_values: hashedTensor('pixel_values', [n, 3, size, size]),
          input_ids: int64([n, tokens], ids.flat()),
          attention_mask: float32([n, tokens], mask.flat()),
        },
      );
      expect(relativeError(result['reward'], reward)).toBeLessThan(tolerance);
    },
  );
});
