// Trains the U-Net and the text encoder together on latents of captioned pictures.
import {
  bind,
  ClipText,
  initialize,
  inputWeights,
  parseClipTextConfig,
  parseNoiseSchedule,
  parseUNetConfig,
  UNet2DCondition,
  type Json,
  type Tokenizer,
} from '@facewright/models';
import { input, trainStep, type Value } from '@facewright/onnx';
import { createRng, type Tensor } from '@facewright/tensor';
import { addNoise, diffusionLoss } from '@facewright/train';
import { PROMPT_TOKENS, schedulerConfig, unetConfig } from './configs.ts';
import { LATENT_CHANNELS, LATENT_SIDE, LATENT_SIZE, type Weights } from './latents.ts';
import { runStage, type StageContext } from './stage.ts';

const BATCH = 32;
/** Share of captions that are left out, so that the model can also be asked without one (Ho and Salimans 2022, arXiv 2207.12598). */
const EMPTY_SHARE = 0.1;

export interface DiffusionSettings {
  readonly steps: number;
  readonly peak: number;
  readonly minSnrGamma: number;
}

export interface DiffusionData {
  /** Scaled to unit variance, one after the other. */
  readonly latents: Float32Array;
  readonly captions: readonly string[];
  readonly tokenizer: Tokenizer;
  readonly textConfig: Json;
}

const UNET = 'unet.';
const TEXT = 'text_encoder.';

/** Averaged weights of both, by their names in their files. */
export interface DiffusionWeights {
  readonly unet: Weights;
  readonly text: Weights;
}

const partOf = (all: Weights, prefix: string): Weights =>
  new Map([...all].filter(([name]) => name.startsWith(prefix)).map(([name, tensor]) => [name.slice(prefix.length), tensor]));
export const splitWeights = (all: Weights): DiffusionWeights => ({ unet: partOf(all, UNET), text: partOf(all, TEXT) });

export async function trainDiffusion(
  { latents, captions, tokenizer, textConfig }: DiffusionData,
  { steps, peak, minSnrGamma }: DiffusionSettings,
  context: StageContext,
): Promise<DiffusionWeights> {
  const unet = new UNet2DCondition(parseUNetConfig(unetConfig));
  const text = new ClipText(parseClipTextConfig(textConfig));
  const rng = createRng(context.seed);
  const withPrefix = (tensors: Weights, prefix: string) => [...tensors].map(([name, tensor]) => [prefix + name, tensor] as const);
  const initial: Weights = new Map([...withPrefix(initialize(unet, rng), UNET), ...withPrefix(initialize(text, rng), TEXT)]);

  const inputs = new Map<string, Value>();
  const bound = (module: UNet2DCondition | ClipText, prefix: string) =>
    bind(module, inputWeights(inputs, { rename: (name) => prefix + name }));
  const shape = [BATCH, LATENT_CHANNELS, LATENT_SIDE, LATENT_SIDE];
  const clean = input('latents', 'float32', shape);
  const noise = input('noise', 'float32', shape);
  const timestep = input('timestep', 'float32', [BATCH]);
  const alphaBar = input('alpha_bar', 'float32', [BATCH]);
  const ids = input('input_ids', 'int64', [BATCH, PROMPT_TOKENS]);
  const prediction = unet.forward(bound(unet, UNET), {
    sample: addNoise(clean, noise, alphaBar),
    timestep,
    encoder_hidden_states: text.forward(bound(text, TEXT), ids).hidden,
  });

  const { alphasCumprod } = parseNoiseSchedule(schedulerConfig);
  const tokens = tokenizer.encode(captions).ids.data;
  const empty = tokenizer.encode(['']).ids.data;
  const count = captions.length;
  const float = (dims: readonly number[], data: Float32Array): Tensor => ({ dtype: 'float32', dims, data });
  const all = await runStage(context, {
    name: 'unet',
    steps,
    peak,
    warmUp: 100,
    holdUntil: 0.4,
    decay: 0.998,
    initial,
    build: (current) =>
      trainStep({
        loss: diffusionLoss({ prediction, noise, alphaBar }, { minSnrGamma }),
        parameters: [...inputs].map(([name, value]) => ({ name, value, initial: current.get(name)! })),
        optimiser: { beta2: 0.99, weightDecay: 1e-4 },
        maxGradientNorm: 1,
        ema: true,
      }),
    batch: () => {
      const picked = new Float32Array(BATCH * LATENT_SIZE);
      const times = new Float32Array(BATCH);
      const words = new BigInt64Array(BATCH * PROMPT_TOKENS);
      for (let n = 0; n < BATCH; n++) {
        const index = rng.integer(count);
        picked.set(latents.subarray(index * LATENT_SIZE, (index + 1) * LATENT_SIZE), n * LATENT_SIZE);
        times[n] = rng.integer(alphasCumprod.length);
        words.set(rng() < EMPTY_SHARE ? empty : tokens.subarray(index * PROMPT_TOKENS, (index + 1) * PROMPT_TOKENS), n * PROMPT_TOKENS);
      }
      return {
        latents: float(shape, picked),
        noise: float(shape, rng.normal(picked.length)),
        timestep: float([BATCH], times),
        alpha_bar: float(
          [BATCH],
          times.map((t) => alphasCumprod[t]!),
        ),
        input_ids: { dtype: 'int64', dims: [BATCH, PROMPT_TOKENS], data: words },
      };
    },
  });
  return splitWeights(all);
}
