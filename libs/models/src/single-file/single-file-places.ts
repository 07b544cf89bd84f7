// Where a single-file checkpoint keeps the parameters of its parts: what is read there, told for writing.
import type { Shape } from '@facewright/tensor';
import { AutoencoderKL } from '../autoencoder-kl/autoencoder-kl.ts';
import { parseAutoencoderConfig } from '../autoencoder-kl/config.ts';
import { ClipText } from '../clip-text/clip-text.ts';
import { parseClipTextConfig } from '../clip-text/config.ts';
import type { Json } from '../config.ts';
import type { Module } from '../nn/module.ts';
import { parseUNetConfig } from '../unet-2d-condition/config.ts';
import { UNet2DCondition } from '../unet-2d-condition/unet-2d-condition.ts';
import { families, type ModelFamily, type TextLayout } from './kinds.ts';
import { ldmAutoencoderName, ldmUNetName } from './ldm-names.ts';
import { openClipPlace } from './open-clip-names.ts';

/** Parts by the names that they have in a model handle. */
export type SingleFilePart = 'unet' | 'vae' | 'text_encoder' | 'text_encoder_2';

export interface SingleFilePlace {
  /** In the file. */
  readonly name: string;
  /** As the file holds it. */
  readonly shape: Shape;
  readonly part: SingleFilePart;
  /** Parameters of the part whose rows follow each other; one, or the three of a fused projection. */
  readonly parameters: readonly string[];
  /** The matrix stands on its other side: [in, out] in the file, [out, in] in the part. */
  readonly transposed: boolean;
}

/** The family of a diffusion model by the configurations of its parts: XL has a second text encoder, 2 linear projections around its attention. */
export const familyOfParts = (configs: Partial<Record<SingleFilePart, Json>>): ModelFamily =>
  configs.text_encoder_2 ? 'sdxl' : configs.unet?.['use_linear_projection'] === true ? 'sd2' : 'sd1';

/** Every tensor of a checkpoint of a family with these parts, in the layout of Stable Diffusion's own files, which splitSingleFile reads. Throws MODELS_CONFIG. */
export function singleFilePlaces(configs: Partial<Record<SingleFilePart, Json>>): SingleFilePlace[] {
  const family = families[familyOfParts(configs)];
  const places: SingleFilePlace[] = [];
  const one = (part: SingleFilePart, module: Module, nameOf: (name: string) => string, shapeOf = (_: string, shape: Shape) => shape) => {
    for (const [name, { shape }] of module.parameters())
      places.push({ name: nameOf(name), shape: shapeOf(name, shape), part, parameters: [name], transposed: false });
  };
  if (configs.unet) {
    const config = parseUNetConfig(configs.unet);
    one('unet', new UNet2DCondition(config), (name) => ldmUNetName(name, config));
  }
  if (configs.vae) {
    const config = parseAutoencoderConfig(configs.vae);
    // attention of the autoencoder is made of 1x1 convolutions in these files
    const shapeOf = (name: string, shape: Shape) => (/\.attentions\.\d+\.to_\w+(\.0)?\.weight$/.test(name) ? [...shape, 1, 1] : shape);
    one('vae', new AutoencoderKL(config), (name) => `first_stage_model.${ldmAutoencoderName(name, config)}`, shapeOf);
  }
  for (const [index, part] of (['text_encoder', 'text_encoder_2'] as const).entries()) {
    const json = configs[part];
    const layout = family.texts[index];
    // a second text encoder makes it XL, which has a place for two
    if (!json || !layout) continue;
    const module = new ClipText(parseClipTextConfig(json));
    if (layout.naming === 'transformers') one(part, module, (name) => layout.prefix + name);
    else places.push(...openClipPlaces(part, module, layout));
  }
  return places;
}

function openClipPlaces(part: SingleFilePart, module: ClipText, { prefix }: TextLayout): SingleFilePlace[] {
  const fused = new Map<string, { readonly shape: Shape; readonly parameters: string[] }>();
  const places: SingleFilePlace[] = [];
  for (const [parameter, { shape }] of module.parameters()) {
    if (parameter === 'text_projection.weight') {
      // OpenCLIP has a matrix where transformers has a Linear
      places.push({ name: `${prefix}text_projection`, shape: shape.toReversed(), part, parameters: [parameter], transposed: true });
      continue;
    }
    const { name, third } = openClipPlace(parameter);
    if (third === undefined) {
      places.push({ name: prefix + name, shape, part, parameters: [parameter], transposed: false });
      continue;
    }
    const entry = fused.get(name) ?? { shape: [3 * shape[0]!, ...shape.slice(1)], parameters: [] };
    entry.parameters[third] = parameter;
    fused.set(name, entry);
  }
  for (const [name, entry] of fused) places.push({ name: prefix + name, part, transposed: false, ...entry });
  return places;
}
