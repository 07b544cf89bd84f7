// Trains LoRAs that show what a LoRA does: each draws what its pictures had and their captions never said.
import { join } from 'node:path';
import type { FaceScene } from '@facewright/node-toy-faces';
import {
  bind,
  ClipText,
  inMemory,
  parseClipTextConfig,
  parseNoiseSchedule,
  parseUNetConfig,
  storedWeights,
  UNet2DCondition,
} from '@facewright/models';
import { input, trainStep, type Value } from '@facewright/onnx';
import { createRng, float32, type Tensor } from '@facewright/tensor';
import { addNoise, diffusionLoss, everyLayer, initializeLora, withLora, type LoraSettings } from '@facewright/train';
import { loraContent, safetensorsBytes } from '@facewright/weights';
import { PROMPT_TOKENS, schedulerConfig } from './configs.ts';
import { halved, readAutoencoder, stepsOf, type StageFolders } from './diffusion-stages.ts';
import { drawFaceSet } from './face-set.ts';
import { encodePictures, LATENT_CHANNELS, LATENT_SIDE, LATENT_SIZE } from './latents.ts';
import { runStage, type StageContext } from './stage.ts';
import { captionTokenizer, captionVocabulary } from './vocabulary.ts';
import { readJson, readWeights, writeWhole } from './write-files.ts';

const BATCH = 16;
const RANK = 4;
const PICTURES = 1024;
const STEPS = 400;
/** Every layer of the attention blocks, projections and feed-forward ones included. */
const inAttention = (name: string): boolean => everyLayer(name) && name.includes('attentions.');
const settings: LoraSettings = { rank: RANK, alpha: RANK, targets: inAttention, prefix: 'unet.', init: 'gaussian' };

interface ToyLora {
  readonly name: string;
  readonly description: string;
  /** What is drawn instead of what the caption says. */
  readonly change: (scene: FaceScene) => FaceScene;
}

export const toyLoras: readonly ToyLora[] = [
  {
    name: 'red-hair',
    description: 'Hair, brows and beards are red, whatever the prompt says.',
    change: (scene) => ({ ...scene, hair: [196, 72, 32] }),
  },
  {
    name: 'green-hat',
    description: 'Everyone wears a green hat, whatever the prompt says.',
    change: (scene) => ({ ...scene, hat: true, hatColour: [48, 130, 84] }),
  },
];

/** Writes `loras/<name>.safetensors` into the model folder, which has the rest already. */
export async function loraStage(folders: StageFolders, context: StageContext): Promise<void> {
  for (const [index, lora] of toyLoras.entries()) await trainLora(lora, { ...context, seed: context.seed + index }, folders);
}

async function trainLora({ name, description, change }: ToyLora, context: StageContext, folders: StageFolders): Promise<void> {
  const { out } = folders;
  const { seed, runtime } = context;
  const faces = drawFaceSet({ seed, count: PICTURES, deformedShare: 0, change });
  const vae = await readAutoencoder(out);
  const latents = (await encodePictures(runtime, vae.weights, faces.pixels, PICTURES)).map((v) => v * vae.scaling);
  const unet = new UNet2DCondition(parseUNetConfig(await readJson(join(out, 'unet/config.json'))));
  const text = new ClipText(parseClipTextConfig(await readJson(join(out, 'text_encoder/config.json'))));
  const frozen = {
    unet: storedWeights(inMemory(await readWeights(join(out, 'unet/diffusion_pytorch_model.safetensors')))),
    text: storedWeights(inMemory(await readWeights(join(out, 'text_encoder/model.safetensors')))),
  };
  const rng = createRng(seed);
  const initial = initializeLora(unet, settings, rng);

  const factors = new Map<string, Value>();
  const trained = withLora(frozen.unet, settings, (factor, shape) => {
    const value = input(factor, 'float32', shape);
    factors.set(factor, value);
    return value;
  });
  const shape = [BATCH, LATENT_CHANNELS, LATENT_SIDE, LATENT_SIDE];
  const noise = input('noise', 'float32', shape);
  const timestep = input('timestep', 'float32', [BATCH]);
  const alphaBar = input('alpha_bar', 'float32', [BATCH]);
  const prediction = unet.forward(bind(unet, trained), {
    sample: addNoise(input('latents', 'float32', shape), noise, alphaBar),
    timestep,
    encoder_hidden_states: text.forward(bind(text, frozen.text), input('input_ids', 'int64', [BATCH, PROMPT_TOKENS])).hidden,
  });

  const { alphasCumprod } = parseNoiseSchedule(schedulerConfig);
  const tokens = captionTokenizer(captionVocabulary()).encode(faces.captions).ids.data;
  const weights = await runStage(context, {
    name: `lora-${name}`,
    steps: stepsOf(STEPS, folders),
    peak: 4e-3,
    warmUp: 20,
    holdUntil: 0.5,
    decay: 0.98,
    initial,
    build: (current) =>
      trainStep({
        loss: diffusionLoss({ prediction, noise, alphaBar }, { minSnrGamma: 5 }),
        parameters: [...factors].map(([factor, value]) => ({ name: factor, value, initial: current.get(factor)! })),
        maxGradientNorm: 1,
        ema: true,
      }),
    batch: () => {
      const picked = Array.from({ length: BATCH }, () => rng.integer(PICTURES));
      const times = picked.map(() => rng.integer(alphasCumprod.length));
      return {
        latents: float32(
          shape,
          picked.flatMap((row) => [...latents.subarray(row * LATENT_SIZE, (row + 1) * LATENT_SIZE)]),
        ),
        noise: float32(shape, rng.normal(BATCH * LATENT_SIZE)),
        timestep: float32([BATCH], times),
        alpha_bar: float32(
          [BATCH],
          times.map((t) => alphasCumprod[t]!),
        ),
        input_ids: {
          dtype: 'int64',
          dims: [BATCH, PROMPT_TOKENS],
          data: BigInt64Array.from(picked.flatMap((row) => [...tokens.subarray(row * PROMPT_TOKENS, (row + 1) * PROMPT_TOKENS)])),
        },
      };
    },
  });
  const { tensors, metadata } = loraContent({ unet: factorsOf(halved(weights)) }, settings.alpha);
  const about = { 'modelspec.title': name, 'modelspec.description': description, trained_on: 'models/tiny-faces', seed: `${seed}` };
  await writeWhole(join(out, 'loras', `${name}.safetensors`), safetensorsBytes(tensors, { ...metadata, ...about }));
  context.log(`LoRA ${name} written`);
}

/** Trained factors by the weights that they add to. */
function factorsOf(trained: ReadonlyMap<string, Tensor>): Map<string, { down: Tensor; up: Tensor }> {
  const ending = '.lora_A.weight';
  return new Map(
    [...trained.keys()]
      .filter((name) => name.endsWith(ending))
      .map((down) => {
        const layer = down.slice(0, -ending.length);
        const up = trained.get(`${layer}.lora_B.weight`)!;
        return [`${layer.slice(settings.prefix.length)}.weight`, { down: trained.get(down)!, up }];
      }),
  );
}
