// The loss that diffusion models are trained with: how far the prediction is from its target.
import type { Prediction } from '@facewright/models';
import { mean as meanOf, op, type Value } from '@facewright/onnx';
import { meanPerSample } from './per-sample.ts';
import { addNoise, denoiseOnce, predictionTarget, signalToNoise, type NoiseDraw, type NoisePredictor } from './noising.ts';

export interface PredictionLossInputs {
  /** What the model predicts [n, c, h, w]. */
  readonly prediction: Value;
  /** What it is to predict, of the same shape; see predictionTarget. */
  readonly target: Value;
  /** [n], in (0, 1). */
  readonly alphaBar: Value;
}

export interface DiffusionLossOptions {
  readonly minSnrGamma?: number;
  /** Default: 'epsilon'. */
  readonly predicts?: Prediction;
}

/**
 * Mean squared error over all elements (arXiv 2006.11239, eq. 14); a scalar. With `minSnrGamma` each sample counts min(SNR, gamma) / SNR where noise is predicted,
 * min(SNR, gamma) / (SNR + 1) where velocity is, and min(SNR, gamma) where z_0 is (Hang et al. 2023, arXiv 2303.09556, section 3.4), which damps the nearly clean times.
 */
export function predictionLoss(
  { prediction, target, alphaBar }: PredictionLossInputs,
  { minSnrGamma, predicts = 'epsilon' }: DiffusionLossOptions = {},
): Value {
  const squares = squaredError(prediction, target);
  if (minSnrGamma === undefined) return meanOf(squares);
  const snr = signalToNoise(alphaBar);
  const capped = op.Min([snr, minSnrGamma]);
  const weight = { epsilon: () => op.Div([capped, snr]), v_prediction: () => op.Div([capped, op.Add([snr, 1])]), sample: () => capped };
  return meanOf(op.Mul([squares, weight[predicts]()]));
}

/** {@link predictionLoss} of a model that predicts noise: `noise` [n, c, h, w] is what was added. */
export const diffusionLoss = (
  { prediction, noise, alphaBar }: { readonly prediction: Value; readonly noise: Value; readonly alphaBar: Value },
  options: Pick<DiffusionLossOptions, 'minSnrGamma'> = {},
): Value => predictionLoss({ prediction, target: noise, alphaBar }, options);

/** Mean squared difference of each sample, [n]. */
export function squaredError(prediction: Value, target: Value): Value {
  const error = op.Sub([prediction, target]);
  return meanPerSample(op.Mul([error, error]));
}

export interface DenoisingTerms {
  readonly loss: Value;
  /** Clean latents [n, c, h, w] that the model sees behind the noisy ones by one step. */
  readonly clean: Value;
}

/** {@link predictionLoss} of a model on latents [n, c, h, w] with noise added. */
export function denoisingTerms(latents: Value, draw: NoiseDraw, model: NoisePredictor, options: DiffusionLossOptions = {}): DenoisingTerms {
  const { noise, timestep, alphaBar } = draw;
  const noisy = addNoise(latents, noise, alphaBar);
  const prediction = model(noisy, timestep);
  const target = predictionTarget(options.predicts ?? 'epsilon', latents, draw);
  return {
    loss: predictionLoss({ prediction, target, alphaBar }, options),
    clean: denoiseOnce(noisy, prediction, alphaBar, options.predicts),
  };
}
