// Losses that look at decoded pictures, values and gradients against torch.autograd in double precision; the numbers come from tools/reference/picture_losses.py.
import {
  AutoencoderKL,
  BlipReward,
  dinoFeatures,
  imageRewardScale,
  inMemory,
  parseAutoencoderConfig,
  parseBlipRewardConfig,
  pictureDecoder,
  pictureReward,
  storedWeights,
  VisionTransformer,
  type Module,
} from '@facewright/models';
import { relativeError, type Packed } from '@facewright/models/testing/fixture';
import { hashedTensor, hashedWeights } from '@facewright/models/testing/hashed-tensor';
import { buildModel, constant, grad, input, op, type Value } from '@facewright/onnx';
import { createRuntime } from '@facewright/runtime';
import { float32, int64, type Tensors } from '@facewright/tensor';
import { afterAll, describe, expect, it } from 'vitest';
import fixture from '../fixtures/picture-losses.json' with { type: 'json' };
import { featureDistance, guidanceLoss, type GuidanceInputs } from './guidance-loss.ts';
import { denoiseOnce } from './noising.ts';
import { perSample } from './per-sample.ts';
import { rewardLoss } from './reward-loss.ts';

const runtime = await createRuntime({ provider: 'cpu' });
afterAll(() => runtime.dispose());
/** The reference is in double precision; gradients pass the decoder, the crop and a transformer in float32. */
const tolerance = 1e-5;

const { dims, alpha_bar: alphas, timestep: times } = fixture;
const n = dims[0]!;
const weightsOf = (module: Module, prefix: string) =>
  storedWeights(inMemory(hashedWeights(module)), { rename: (name) => `${prefix}.${name}` });
const vae = parseAutoencoderConfig(fixture.vae);
const decode = pictureDecoder(vae, weightsOf(new AutoencoderKL(vae), 'vae'));
const value = (name: string, shape: readonly number[] = dims) => input(name, 'float32', shape);
const [good, bad, noise, latents] = ['good', 'bad', 'noise', 'latents'].map((name) => value(name)) as [Value, Value, Value, Value];
const [frozen, trained] = [value('frozen', [1, 4, 1, 1]), value('trained', [1, 4, 1, 1])];
const draw = { noise, timestep: constant(float32([n], times)), alphaBar: constant(float32([n], alphas)) };
/** The stand-in for a U-Net: weight times noisy latents, plus the time in thousands. */
const predictor = (weight: Value) => (noisy: Value, timestep: Value) =>
  op.Add([op.Mul([weight, noisy]), op.Div([perSample(timestep, 4), 1000])]);

/** Relative errors of a loss and of its gradients by some of the inputs: the largest difference over the largest value. */
async function errorsOf(
  loss: Value,
  by: Readonly<Record<string, Value>>,
  wanted: { readonly loss: number } & Readonly<Record<string, unknown>>,
) {
  const names = Object.keys(by);
  const gradients = grad(loss, Object.values(by));
  const session = await runtime.open(buildModel({ loss, ...Object.fromEntries(gradients.map((g, i) => [`d_${names[i]!}`, g])) }));
  const feeds: Tensors = Object.fromEntries(session.inputs.map(({ name, shape }) => [name, hashedTensor(name, shape as number[])]));
  const results = await session.run(feeds);
  await session.release();
  return {
    loss: Math.abs(Number(results['loss']!.data[0]) / wanted.loss - 1),
    ...Object.fromEntries(names.map((name) => [name, relativeError(results[`d_${name}`], wanted[name] as Packed)])),
  };
}
function expectAllBelow(errors: Readonly<Record<string, number>>): void {
  for (const [name, error] of Object.entries(errors)) expect(error, name).toBeLessThan(tolerance);
}

describe('guidance by DINO agrees with torch, values and gradients', () => {
  const { hidden_size: width, intermediate_size: mlpWidth, num_hidden_layers: layers, num_attention_heads: heads, ...rest } = fixture.dino;
  const config = {
    imageSize: rest.image_size,
    patchSize: rest.patch_size,
    normEpsilon: rest.layer_norm_eps,
    width,
    mlpWidth,
    layers,
    heads,
  };
  const see = dinoFeatures(config, weightsOf(new VisionTransformer(config), 'dino'));
  const lossOf = ({ metric, target, boxes }: (typeof fixture.guidance)[number]) => {
    const areas = boxes ? constant(float32([n, 4], boxes.flat())) : undefined;
    const inputs: GuidanceInputs = { good, bad, draw, frozen: predictor(frozen), trained: predictor(trained), target: target as 'frozen' };
    const distance = featureDistance((z) => see(decode(z), areas), metric as 'cosine');
    return guidanceLoss({ ...inputs, distance }, { kind: 'min-snr', gamma: 5 });
  };
  it.each(fixture.guidance)('target $target, on the $on, $metric', async (wanted) => {
    expectAllBelow(await errorsOf(lossOf(wanted), { trained, bad }, wanted));
  });
  it('would notice a loss that is a thousandth off', async () => {
    const wanted = fixture.guidance[0]!;
    expect((await errorsOf(op.Mul([lossOf(wanted), 1.001]), { trained, bad }, wanted)).loss).toBeGreaterThan(50 * tolerance);
  });
});

describe('reward feedback agrees with torch, values and gradients', () => {
  const config = parseBlipRewardConfig(fixture.reward);
  const reward = pictureReward(config, weightsOf(new BlipReward(config), 'reward'));
  const clean = denoiseOnce(latents, predictor(trained)(latents, draw.timestep), draw.alphaBar);
  const { input_ids: ids, attention_mask: mask } = fixture.refl;
  const rewards = reward({
    pictures: decode(clean),
    // torchvision makes 12 x 10 pixels 28 x 24 and cuts two rows above and below
    boxes: constant(float32([1, 4], [0, (2 * 12) / 28, 10, (26 * 12) / 28])),
    input_ids: constant(int64([n, ids[0]!.length], ids.flat())),
    attention_mask: constant(float32([n, ids[0]!.length], mask.flat())),
  });
  it.each(fixture.refl.cases)('$name', async ({ margin, ...wanted }) => {
    const { loss } = rewardLoss(rewards, { ...imageRewardScale, scale: 1e-3, margin });
    expectAllBelow(await errorsOf(loss, { trained, latents }, wanted));
  });
});
