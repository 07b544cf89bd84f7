// A Stable Diffusion model as one file: finds its parts and gives them the names of their modules.
import { ClipText } from '../clip-text/clip-text.ts';
import { parseClipTextConfig } from '../clip-text/config.ts';
import type { Json } from '../config.ts';
import { err } from '../errors.ts';
import { differenceCount, differenceLines } from '../nn/compare.ts';
import type { StoredTensor } from '../nn/weight-sources.ts';
import { parseUNetConfig } from '../unet-2d-condition/config.ts';
import { UNet2DCondition } from '../unet-2d-condition/unet-2d-condition.ts';
import { identifyTensors } from './identify.ts';
import { families, familyOf, type ModelKind, type TextLayout } from './kinds.ts';
import { ldmUNetName, ldmUNetPrefix } from './ldm-names.ts';
import { openClipPlace } from './open-clip-names.ts';
import { findPart, type FoundPart, type Part } from './part.ts';
import { autoencoderPrefix, findAutoencoder } from './vae-file.ts';

type Tensors = ReadonlyMap<string, StoredTensor>;

export interface SingleFile {
  readonly kind: ModelKind;
  readonly unet: Part;
  /** Null where the file has nothing of it; so are the text encoders. */
  readonly vae: Part | null;
  readonly text: Part | null;
  /** The second text encoder of Stable Diffusion XL. */
  readonly text2: Part | null;
  /** As diffusers writes scheduler_config.json. */
  readonly scheduler: Json;
  /** Whether what the U-Net predicts is a guess: for Stable Diffusion 2, files of both sorts look alike. */
  readonly predictionGuessed: boolean;
}

/**
 * Splits the tensors of a single-file Stable Diffusion 1.x, 2.x or XL checkpoint, inpainting (9 input channels) or not. Nothing is read and nothing copied.
 * Throws MODELS_INPUT for a file of another kind, MODELS_WEIGHTS for missing, misshapen and unexpected parameters of all parts, by the names of the file.
 */
export function splitSingleFile(file: string, tensors: Tensors): SingleFile {
  const { kind, title, why } = identifyTensors(tensors);
  if (!isModelKind(kind)) throw err.INPUT(file, 'a single-file Stable Diffusion 1, 2 or XL checkpoint', `${title} (${why})`);
  const family = families[familyOf(kind)];
  const inpainting = kind.endsWith('-inpainting');
  const problems: string[] = [];
  let count = 0;
  const part = (label: string, config: Json, found: FoundPart | null): Part | null => {
    if (!found) return null;
    problems.push(...differenceLines(found.differences).map((line) => `${label}, ${line}`));
    count += differenceCount(found.differences);
    return { config, tensors: found.tensors };
  };
  const unetConfig = { ...family.unet, ...(inpainting && { in_channels: 9 }), ...(kind === 'sd2-inpainting' && { sample_size: 64 }) };
  const unet = part('U-Net', unetConfig, findUNet(tensors, unetConfig));
  const vae = part('VAE', family.vae, findAutoencoder(tensors, family.vae, autoencoderPrefix(tensors)));
  const texts = family.texts.map((layout, i) => {
    const config = { ...layout.config, ...projectionLayout(layout, tensors) };
    return part(i === 0 ? 'text encoder' : `text encoder ${i + 1}`, config, findText(tensors, layout, config));
  });
  if (count > 0) throw err.WEIGHTS(`${file}, taken for ${title} because ${why}`, problems, count);
  const marked = tensors.has(velocityMark);
  return {
    kind,
    unet: unet!, // what it was identified by
    vae,
    text: texts[0] ?? null,
    text2: texts[1] ?? null,
    scheduler: {
      ...family.scheduler,
      ...((marked || kind === 'sd2') && { prediction_type: 'v_prediction' }),
      ...(tensors.has(zeroSignalMark) && { rescale_betas_zero_snr: true, timestep_spacing: 'trailing' }),
    },
    predictionGuessed: kind === 'sd2' && !marked,
  };
}

/** Empty tensors by which the authors of later models say that theirs predicts the velocity, and that its last timestep is pure noise. */
const velocityMark = 'v_pred';
const zeroSignalMark = 'ztsnr';

const isModelKind = (kind: string): kind is ModelKind => kind.replace('-inpainting', '') in families;

function findUNet(tensors: Tensors, json: Json): FoundPart | null {
  const config = parseUNetConfig(json);
  return findPart(tensors, {
    module: new UNet2DCondition(config),
    place: (name) => ({ name: ldmUNetName(name, config) }),
    owns: (name) => name.startsWith(ldmUNetPrefix),
    harmless: () => false,
  });
}

function findText(tensors: Tensors, { prefix, owns, naming }: TextLayout, json: Json): FoundPart | null {
  const config = parseClipTextConfig(json);
  const named = [...tensors.keys()].some((name) => name.startsWith(`${prefix}text_model.`));
  const spare = new RegExp(
    String.raw`\.(position_ids|logit_scale|attn_mask${config.projection ? '' : String.raw`|text_projection(\.weight)?`}|transformer\.resblocks\.${config.layers}\..*)$`,
  );
  return findPart(tensors, {
    module: new ClipText(config),
    place(name) {
      if (naming === 'transformers') return { name: prefix + (named ? name : name.replace('text_model.', '')) };
      const { name: there, ...third } = openClipPlace(name);
      return { name: prefix + there, ...third };
    },
    owns: (name) => name.startsWith(owns),
    harmless: (name) => spare.test(name),
  });
}

/** OpenCLIP holds the projection as a matrix; some tools rewrite it as a Linear. */
const projectionLayout = ({ prefix, naming }: TextLayout, tensors: Tensors): Json =>
  naming === 'open_clip' && tensors.has(`${prefix}text_projection`) ? { text_projection_layout: 'matrix' } : {};
