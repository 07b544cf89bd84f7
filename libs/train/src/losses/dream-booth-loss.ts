// Fine-tuning on pictures, with others of their kind beside them so that the model does not forget these.
import { op, type Value } from '@facewright/onnx';
import { err } from '../errors.ts';
import { denoisingTerms, type DenoisingTerms, type DiffusionLossOptions } from './diffusion-loss.ts';
import type { NoiseDraw, NoisePredictor } from './noising.ts';

export interface Denoised {
  /** [n, c, h, w] */
  readonly latents: Value;
  readonly draw: NoiseDraw;
  /** The trained model, told of the texts of these pictures. */
  readonly trained: NoisePredictor;
}

export interface DreamBoothTerms extends DenoisingTerms {
  /** The terms before weighting; null without prior pictures. */
  readonly instance: Value;
  readonly prior: Value | null;
}

/**
 * Diffusion loss on the pictures + priorWeight times that on pictures of their class (Ruiz et al. 2022, arXiv 2208.12242, eq. 2). Without a prior it is plain
 * fine-tuning. Min-SNR weights are for the first term alone, as in diffusers' script. Throws TRAIN_SETTINGS.
 */
export function dreamBoothLoss(
  instance: Denoised,
  prior: (Denoised & { readonly weight: number }) | null,
  options: DiffusionLossOptions = {},
): DreamBoothTerms {
  const problems = [
    ...(prior && !(prior.weight >= 0 && Number.isFinite(prior.weight))
      ? [`prior: expected a finite weight of at least 0, got ${prior.weight}`]
      : []),
    ...(options.minSnrGamma !== undefined && !(options.minSnrGamma > 0)
      ? [`gamma: expected a number above 0, got ${options.minSnrGamma}`]
      : []),
  ];
  if (problems.length > 0) throw err.SETTINGS('DreamBooth loss', problems);
  const { loss: own, clean } = denoisingTerms(instance.latents, instance.draw, instance.trained, options);
  if (!prior) return { loss: own, instance: own, prior: null, clean };
  const { minSnrGamma: _gamma, ...plain } = options;
  const kept = denoisingTerms(prior.latents, prior.draw, prior.trained, plain).loss;
  return { loss: op.Add([own, op.Mul([kept, prior.weight])]), instance: own, prior: kept, clean };
}
