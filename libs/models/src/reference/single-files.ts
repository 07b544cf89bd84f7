// Names and shapes of whole single files, as they are published, without their numbers.
import { sizeOf, type Shape } from '@facewright/tensor';
import { AutoencoderKL } from '../autoencoder-kl/autoencoder-kl.ts';
import { parseAutoencoderConfig } from '../autoencoder-kl/config.ts';
import { ClipText } from '../clip-text/clip-text.ts';
import { parseClipTextConfig } from '../clip-text/config.ts';
import type { Module } from '../nn/module.ts';
import type { StoredTensor } from '../nn/weight-sources.ts';
import { parseUNetConfig } from '../unet-2d-condition/config.ts';
import { UNet2DCondition } from '../unet-2d-condition/unet-2d-condition.ts';
import { families, familyOf, type ModelKind } from '../single-file/kinds.ts';
import { ldmAutoencoderName, ldmUNetName } from '../single-file/ldm-names.ts';
import { openClipPlace } from '../single-file/open-clip-names.ts';
import type { Place } from '../single-file/part.ts';

export const modelKinds: readonly ModelKind[] = ['sd1', 'sd1-inpainting', 'sd2', 'sd2-inpainting', 'sdxl', 'sdxl-inpainting'];

export interface PlacedPart {
  readonly config: Readonly<Record<string, unknown>>;
  /** Where each parameter lies in the file, with the shape of the module's parameter. */
  readonly places: readonly (Place & { readonly parameter: string; readonly shape: Shape })[];
}

const placed = (config: PlacedPart['config'], module: Module, place: (name: string) => Place): PlacedPart => ({
  config,
  places: [...module.parameters()].map(([parameter, { shape }]) => ({ parameter, shape, ...place(parameter) })),
});

/** The parts of a kind of file: unet, vae, text and for Stable Diffusion XL text2. */
export function partsOf(kind: ModelKind): Readonly<Record<string, PlacedPart>> {
  const family = families[familyOf(kind)];
  const unet = { ...family.unet, in_channels: kind.endsWith('inpainting') ? 9 : 4 };
  const [unetConfig, vaeConfig] = [parseUNetConfig(unet), parseAutoencoderConfig(family.vae)];
  return {
    unet: placed(unet, new UNet2DCondition(unetConfig), (name) => ({ name: ldmUNetName(name, unetConfig) })),
    vae: placed(family.vae, new AutoencoderKL(vaeConfig), (name) => ({ name: `first_stage_model.${ldmAutoencoderName(name, vaeConfig)}` })),
    ...Object.fromEntries(
      family.texts.map(({ config, prefix, naming }, i) => [
        i === 0 ? 'text' : 'text2',
        placed(
          config,
          new ClipText(parseClipTextConfig({ ...config, ...(naming === 'open_clip' && { text_projection_layout: 'matrix' }) })),
          (name) => {
            const place = naming === 'open_clip' ? openClipPlace(name) : { name };
            return { ...place, name: prefix + place.name };
          },
        ),
      ]),
    ),
  };
}

/** A float16 file of a kind: every tensor that its parts need, at an offset of its own. */
export function fileOf(kind: ModelKind): Map<string, StoredTensor> {
  const shapes = new Map<string, Shape>();
  for (const { places } of Object.values(partsOf(kind)))
    for (const { name, third, shape } of places) shapes.set(name, third === undefined ? shape : [3 * shape[0]!, ...shape.slice(1)]);
  let offset = 0;
  return new Map(
    [...shapes].map(([name, shape]) => {
      const length = 2 * sizeOf(shape);
      offset += length;
      return [name, { kind: 'file', file: `${kind}.safetensors`, dtype: 'float16', shape, offset: offset - length, length }];
    }),
  );
}
