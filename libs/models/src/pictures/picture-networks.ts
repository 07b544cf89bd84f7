// Frozen networks as parts of a graph that trains another: latents to pictures, pictures to features or to a reward.
import { op, type Value } from '@facewright/onnx';
import { AutoencoderKL } from '../autoencoder-kl/autoencoder-kl.ts';
import type { AutoencoderConfig } from '../autoencoder-kl/config.ts';
import { BlipReward } from '../blip/blip-reward.ts';
import { blipPixels, type BlipRewardConfig } from '../blip/config.ts';
import { dinoPixels } from '../dino/split-dino.ts';
import { bind, type WeightSource } from '../nn/binding.ts';
import type { VisionTransformerConfig } from '../vit/config.ts';
import { VisionTransformer } from '../vit/vision-transformer.ts';
import { cropAndResize, normalise, wholeBox } from './crop-and-resize.ts';

/** Latents [n, channels, h, w], times the scaling factor as the U-Net sees them, to RGB [n, 3, h, w] in [0, 1], clamped as a saved picture is. */
export function pictureDecoder(config: AutoencoderConfig, weights: WeightSource): (latents: Value) => Value {
  const vae = new AutoencoderKL(config);
  const binding = bind(vae, weights);
  return (latents) => {
    const decoded = vae.decode(binding, op.Mul([latents, 1 / config.scalingFactor]));
    return op.Clip([op.Add([op.Mul([decoded, 0.5]), 0.5])], { min: 0, max: 1 });
  };
}

/** RGB [n, 3, h, w] in [0, 1] to DINO's features of them as a whole [n, width], or of what lies in their boxes (see cropAndResize). */
export function dinoFeatures(config: VisionTransformerConfig, weights: WeightSource): (pictures: Value, boxes?: Value) => Value {
  const dino = new VisionTransformer(config);
  const binding = bind(dino, weights);
  return (pictures, boxes = wholeBox(pictures)) =>
    dino.whole(binding, normalise(cropAndResize(pictures, boxes, config.imageSize, 'bilinear'), dinoPixels));
}

export interface PictureRewardInputs {
  /** RGB [n, 3, h, w] in [0, 1]. */
  readonly pictures: Value;
  /** The square that is scored, [1, 4] or [n, 4]; see cropAndResize. */
  readonly boxes: Value;
  /** int64 or int32 [n, tokens], and float32 1 for text and 0 for padding. */
  readonly input_ids: Value;
  readonly attention_mask: Value;
}

/** Rewards [n] of ImageReward or FaceScore, not rescaled. */
export function pictureReward(config: BlipRewardConfig, weights: WeightSource): (inputs: PictureRewardInputs) => Value {
  const model = new BlipReward(config);
  const binding = bind(model, weights);
  return ({ pictures, boxes, ...text }) =>
    model.forward(binding, {
      ...text,
      pixel_values: normalise(cropAndResize(pictures, boxes, config.vision.imageSize, 'bicubic'), blipPixels),
    });
}
