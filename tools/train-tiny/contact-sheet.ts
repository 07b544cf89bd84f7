// The sheet of pictures that the documentation shows: what the set draws for held-out captions.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { contactSheet } from '@facewright/pipelines';
import type { ImageBuffer } from '@facewright/tensor';
import { heldOutFaces, readAutoencoder } from './diffusion-stages.ts';
import { drawSamples } from './draw-samples.ts';
import type { StageContext } from './stage.ts';
import { captionTokenizer, captionVocabulary } from './vocabulary.ts';
import { readJson, readWeights } from './write-files.ts';

const COUNT = 48;

/** Draws one picture for each of 48 captions that no training saw, without choosing among them. */
async function sheetPictures(models: string, context: StageContext): Promise<ImageBuffer[]> {
  const vae = await readAutoencoder(models);
  const weights = {
    unet: await readWeights(join(models, 'unet/diffusion_pytorch_model.safetensors')),
    text: await readWeights(join(models, 'text_encoder/model.safetensors')),
  };
  const textConfig = await readJson(join(models, 'text_encoder/config.json'));
  const { captions } = heldOutFaces(context.seed, COUNT, 0);
  const model = { weights, vae: vae.weights, scaling: vae.scaling, textConfig, tokenizer: captionTokenizer(captionVocabulary()) };
  return drawSamples(context.runtime, model, captions, { steps: 25, guidance: 3, seed: context.seed });
}

/** Writes `contact-sheet.png` into a folder. */
export async function writeSheet(models: string, folder: string, context: StageContext): Promise<void> {
  const { data, width, height, channels } = contactSheet(await sheetPictures(models, context), { columns: 8, cell: 96 });
  await mkdir(folder, { recursive: true });
  await sharp(data, { raw: { width, height, channels } })
    .png({ palette: true, compressionLevel: 9 })
    .toFile(join(folder, 'contact-sheet.png'));
  context.log(`contact sheet written to ${folder}`);
}
