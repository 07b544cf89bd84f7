// Draws pictures with a trained set, to look at while training goes on.
import {
  createSampler,
  guide,
  inMemory,
  parseClipTextConfig,
  parseNoiseSchedule,
  parseUNetConfig,
  storedWeights,
  textGraph,
  unetGraph,
  type Json,
  type Tokenizer,
} from '@facewright/models';
import { buildModel } from '@facewright/onnx';
import type { Runtime } from '@facewright/runtime';
import { createRng, type ImageBuffer, type Tensor } from '@facewright/tensor';
import { PROMPT_TOKENS, schedulerConfig, unetConfig } from './configs.ts';
import { decodeLatents, LATENT_CHANNELS, LATENT_SIDE, LATENT_SIZE, type Weights } from './latents.ts';
import type { DiffusionWeights } from './train-diffusion.ts';

export interface SampleModel {
  readonly weights: DiffusionWeights;
  readonly vae: Weights;
  readonly scaling: number;
  readonly textConfig: Json;
  readonly tokenizer: Tokenizer;
}

export interface SampleSettings {
  readonly steps: number;
  /** Strength of guidance by the prompt; 1 is none. */
  readonly guidance: number;
  readonly seed: number;
}

const BATCH = 16;

/** One picture for each prompt, by DDIM. */
export async function drawSamples(
  runtime: Runtime,
  { weights, vae, scaling, textConfig, tokenizer }: SampleModel,
  prompts: readonly string[],
  { steps, guidance, seed }: SampleSettings,
): Promise<ImageBuffer[]> {
  const text = await runtime.open(
    buildModel(
      textGraph(parseClipTextConfig(textConfig), { batch: BATCH, tokens: PROMPT_TOKENS }, storedWeights(inMemory(weights.text)), {
        fused: true,
      }),
    ),
  );
  const size = { batch: BATCH, height: LATENT_SIDE, width: LATENT_SIDE, tokens: PROMPT_TOKENS };
  const unet = await runtime.open(
    buildModel(unetGraph(parseUNetConfig(unetConfig), size, storedWeights(inMemory(weights.unet)), { fused: true })),
  );
  const sampler = createSampler('ddim', parseNoiseSchedule(schedulerConfig), steps);
  const rng = createRng(seed);
  const latents = new Float32Array(prompts.length * LATENT_SIZE);
  const embed = async (texts: readonly string[]): Promise<Tensor> =>
    (await text.run({ input_ids: tokenizer.encode(texts).ids }))['hidden']!;
  const unconditional = await embed(Array.from({ length: BATCH }, () => ''));
  for (let first = 0; first < prompts.length; first += BATCH) {
    const conditional = await embed(Array.from({ length: BATCH }, (_, i) => prompts[first + i] ?? ''));
    let x = rng.normal(BATCH * LATENT_SIZE);
    for (const [step, t] of sampler.timesteps.entries()) {
      const sample: Tensor = {
        dtype: 'float32',
        dims: [BATCH, LATENT_CHANNELS, LATENT_SIDE, LATENT_SIDE],
        data: sampler.scaleInput(x, step),
      };
      const timestep: Tensor = { dtype: 'float32', dims: [BATCH], data: new Float32Array(BATCH).fill(t) };
      const predict = async (context: Tensor) =>
        (await unet.run({ sample, timestep, encoder_hidden_states: context }))['prediction']!.data as Float32Array;
      const asked = await predict(conditional);
      x = sampler.step(guidance === 1 ? asked : guide(await predict(unconditional), asked, guidance), x, step, () =>
        rng.normal(BATCH * LATENT_SIZE),
      );
    }
    latents.set(x.subarray(0, Math.min(BATCH, prompts.length - first) * LATENT_SIZE), first * LATENT_SIZE);
  }
  await text.release();
  await unet.release();
  return decodeLatents(
    runtime,
    vae,
    latents.map((v) => v / scaling),
  );
}
