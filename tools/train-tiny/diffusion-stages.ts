// The stages that make the parts of the diffusion model: train, measure, write.
import { join } from 'node:path';
import type { ImageBuffer, Tensor } from '@facewright/tensor';
import { autoencoderConfig, PROMPT_TOKENS, schedulerConfig, textEncoderConfig, unetConfig } from './configs.ts';
import { drawFaceSet, pictureOf, type FaceSet } from './face-set.ts';
import { decodeLatents, encodePictures, scalingFactor, type Weights } from './latents.ts';
import type { StageContext } from './stage.ts';
import { trainAutoencoder } from './train-autoencoder.ts';
import { trainDiffusion, splitWeights, type DiffusionWeights } from './train-diffusion.ts';
import { captionTokenizer, captionVocabulary } from './vocabulary.ts';
import { readJson, readWeights, writeJson, writeWeights, writeWhole } from './write-files.ts';

export interface StageFolders {
  /** The model folder that is written. */
  readonly out: string;
  /** Share of the steps of a full training. */
  readonly share: number;
}

/** Steps of a full training, or of a share of it. */
export const stepsOf = (full: number, { share }: StageFolders): number => Math.max(2, Math.round(full * share));

/** Added to the seed of the training pictures for those that no training sees. */
const HELD_OUT = 1_000_003;

export const heldOutFaces = (seed: number, count: number, deformedShare: number): FaceSet =>
  drawFaceSet({ seed: seed + HELD_OUT, count, deformedShare });

/** Weights in half precision, which what is not trained on can do with: pictures have 256 values. */
export const halved = (weights: Weights): Map<string, Tensor> =>
  new Map(
    [...weights].map(([name, { dims, data }]) => [name, { dtype: 'float16', dims, data: new Uint16Array(new Float16Array(data).buffer) }]),
  );

export async function autoencoderStage(faces: FaceSet, folders: StageFolders, context: StageContext): Promise<void> {
  const weights = await trainAutoencoder(faces, { steps: stepsOf(2700, folders), peak: 2e-3, kl: 5e-4, edges: 0.5 }, context);
  const scaling = scalingFactor(await encodePictures(context.runtime, weights, faces.pixels, Math.min(2000, faces.count)));
  const folder = join(folders.out, 'vae');
  await writeWeights(join(folder, 'diffusion_pytorch_model.safetensors'), halved(weights));
  await writeJson(join(folder, 'config.json'), { ...autoencoderConfig, scaling_factor: Number(scaling.toFixed(6)) });
  const unseen = heldOutFaces(context.seed, 256, 0);
  const said = await decodeLatents(context.runtime, weights, await encodePictures(context.runtime, weights, unseen.pixels, unseen.count));
  context.log(
    `vae reconstructs held-out pictures at ${peakSignalToNoise(unseen, said).toFixed(2)} dB; scaling factor ${scaling.toFixed(4)}`,
  );
}

/** Peak signal to noise ratio of pictures in dB, from the mean squared error over all of them. */
function peakSignalToNoise(truth: FaceSet, said: readonly ImageBuffer[]): number {
  let squares = 0;
  said.forEach(({ data }, i) => pictureOf(truth, i).data.forEach((v, p) => (squares += (v - data[p]!) ** 2)));
  return 10 * Math.log10(255 ** 2 / (squares / (said.length * said[0]!.data.length)));
}

export interface TrainedAutoencoder {
  readonly weights: Weights;
  readonly scaling: number;
}

export async function readAutoencoder(out: string): Promise<TrainedAutoencoder> {
  const weights = await readWeights(join(out, 'vae/diffusion_pytorch_model.safetensors'));
  return { weights, scaling: (await readJson(join(out, 'vae/config.json')))['scaling_factor'] as number };
}

export async function diffusionStage(faces: FaceSet, folders: StageFolders, context: StageContext): Promise<void> {
  const { out } = folders;
  const vae = await readAutoencoder(out);
  const latents = (await encodePictures(context.runtime, vae.weights, faces.pixels, faces.count)).map((v) => v * vae.scaling);
  context.log(`${faces.count} pictures encoded`);
  const vocabulary = captionVocabulary();
  const [bos, eos] = ['<|startoftext|>', '<|endoftext|>'].map((token) => vocabulary.vocab[token]);
  const textConfig = {
    ...textEncoderConfig,
    bos_token_id: bos,
    eos_token_id: eos,
    pad_token_id: eos,
    vocab_size: Object.keys(vocabulary.vocab).length,
  };
  await writeTokenizer(join(out, 'tokenizer'), vocabulary);
  await writeJson(join(out, 'text_encoder/config.json'), textConfig);
  await writeJson(join(out, 'unet/config.json'), unetConfig);
  await writeJson(join(out, 'scheduler/scheduler_config.json'), schedulerConfig);
  await writeJson(join(out, 'model_index.json'), {
    _class_name: 'StableDiffusionPipeline',
    requires_safety_checker: false,
    scheduler: ['diffusers', 'DDIMScheduler'],
    text_encoder: ['transformers', 'CLIPTextModel'],
    tokenizer: ['transformers', 'CLIPTokenizer'],
    unet: ['diffusers', 'UNet2DConditionModel'],
    vae: ['diffusers', 'AutoencoderKL'],
  });
  const write = async ({ unet, text }: DiffusionWeights) => {
    await writeWeights(join(out, 'unet/diffusion_pytorch_model.safetensors'), unet);
    await writeWeights(join(out, 'text_encoder/model.safetensors'), text);
  };
  const data = { latents, captions: faces.captions, tokenizer: captionTokenizer(vocabulary), textConfig };
  const trained = await trainDiffusion(
    data,
    { steps: stepsOf(6500, folders), peak: 1.5e-3, minSnrGamma: 5 },
    { ...context, onCheckpoint: (weights) => write(splitWeights(weights)) },
  );
  await write(trained);
}

async function writeTokenizer(folder: string, { vocab, merges }: ReturnType<typeof captionVocabulary>): Promise<void> {
  const [bos, eos] = ['<|startoftext|>', '<|endoftext|>'];
  await writeJson(join(folder, 'vocab.json'), vocab);
  await writeWhole(join(folder, 'merges.txt'), ['#version: 0.2', ...merges, ''].join('\n'));
  await writeJson(join(folder, 'special_tokens_map.json'), { bos_token: bos, eos_token: eos, pad_token: eos, unk_token: eos });
  await writeJson(join(folder, 'tokenizer_config.json'), {
    bos_token: bos,
    do_lower_case: true,
    eos_token: eos,
    model_max_length: PROMPT_TOKENS,
    pad_token: eos,
    tokenizer_class: 'CLIPTokenizer',
    unk_token: eos,
  });
}
