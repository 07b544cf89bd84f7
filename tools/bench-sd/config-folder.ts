// What diffusers wants beside a single file: the configurations of a folder in its layout and the files of the tokenizer, without weights, so that nothing is downloaded.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sd15AutoencoderConfig, sd15ClipTextConfig, sd15SchedulerConfig } from '@facewright/models';
import { clipVocabulary } from '@facewright/pipelines';
import { unetConfig } from './random-checkpoint.ts';

const [start, end] = ['<|startoftext|>', '<|endoftext|>'];

/** For the checkpoints of random-checkpoint.ts. */
export async function writeConfigFolder(folder: string, inpainting: boolean): Promise<void> {
  const { vocab, merges } = await clipVocabulary();
  const files: Readonly<Record<string, unknown>> = {
    'model_index.json': {
      _class_name: 'StableDiffusionPipeline',
      requires_safety_checker: false,
      safety_checker: [null, null],
      feature_extractor: [null, null],
      scheduler: ['diffusers', 'PNDMScheduler'],
      text_encoder: ['transformers', 'CLIPTextModel'],
      tokenizer: ['transformers', 'CLIPTokenizer'],
      unet: ['diffusers', 'UNet2DConditionModel'],
      vae: ['diffusers', 'AutoencoderKL'],
    },
    'unet/config.json': unetConfig(inpainting),
    'vae/config.json': sd15AutoencoderConfig,
    'text_encoder/config.json': sd15ClipTextConfig,
    'scheduler/scheduler_config.json': sd15SchedulerConfig,
    'tokenizer/vocab.json': vocab,
    'tokenizer/merges.txt': ['#version: 0.2', ...merges, ''].join('\n'),
    'tokenizer/tokenizer_config.json': {
      tokenizer_class: 'CLIPTokenizer',
      model_max_length: 77,
      do_lower_case: true,
      bos_token: start,
      eos_token: end,
      unk_token: end,
      pad_token: end,
    },
  };
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  }
}
