// The kinds of diffusion models that come as one file, and what each is made of.
import { sd15AutoencoderConfig, sdxlAutoencoderConfig } from '../autoencoder-kl/config.ts';
import { sd15ClipTextConfig, sd2ClipTextConfig, sdxlClipText2Config } from '../clip-text/config.ts';
import type { Json } from '../config.ts';
import { sd15SchedulerConfig } from '../schedules/noise-schedule.ts';
import { sd15UNetConfig, sd2UNetConfig, sdxlUNetConfig } from '../unet-2d-condition/config.ts';

export type ModelKind = 'sd1' | 'sd1-inpainting' | 'sd2' | 'sd2-inpainting' | 'sdxl' | 'sdxl-inpainting';
export type ModelFamily = 'sd1' | 'sd2' | 'sdxl';

export interface TextLayout {
  readonly config: Json;
  /** What its parameters' names begin with. */
  readonly prefix: string;
  /** What all names that have to do with it begin with. */
  readonly owns: string;
  readonly naming: 'transformers' | 'open_clip';
}

export interface FamilyLayout {
  readonly title: string;
  readonly unet: Json;
  readonly vae: Json;
  /** In the order of text_encoder and text_encoder_2. */
  readonly texts: readonly TextLayout[];
  readonly scheduler: Json;
}

/** What the U-Nets of one family share. */
export const families: Readonly<Record<ModelFamily, FamilyLayout>> = {
  sd1: {
    title: 'Stable Diffusion 1.5',
    unet: sd15UNetConfig,
    vae: sd15AutoencoderConfig,
    texts: [{ config: sd15ClipTextConfig, prefix: 'cond_stage_model.transformer.', owns: 'cond_stage_model.', naming: 'transformers' }],
    scheduler: sd15SchedulerConfig,
  },
  sd2: {
    title: 'Stable Diffusion 2',
    unet: sd2UNetConfig,
    vae: sd15AutoencoderConfig,
    texts: [{ config: sd2ClipTextConfig, prefix: 'cond_stage_model.model.', owns: 'cond_stage_model.', naming: 'open_clip' }],
    scheduler: sd15SchedulerConfig,
  },
  sdxl: {
    title: 'Stable Diffusion XL',
    unet: sdxlUNetConfig,
    vae: sdxlAutoencoderConfig,
    texts: [
      {
        config: sd15ClipTextConfig,
        prefix: 'conditioner.embedders.0.transformer.',
        owns: 'conditioner.embedders.0.',
        naming: 'transformers',
      },
      { config: sdxlClipText2Config, prefix: 'conditioner.embedders.1.model.', owns: 'conditioner.embedders.1.', naming: 'open_clip' },
    ],
    scheduler: { ...sd15SchedulerConfig, _class_name: 'EulerDiscreteScheduler', timestep_spacing: 'leading' },
  },
};

export const familyOf = (kind: ModelKind): ModelFamily => kind.replace('-inpainting', '') as ModelFamily;
