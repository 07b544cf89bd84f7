// The loss that diffusion models are trained with: how far the predicted noise is from the noise.
import { mean as meanOf, op, type Value } from '@facewright/onnx';
import { meanPerSample } from './per-sample.ts';
import { signalToNoise } from './noising.ts';

export interface DiffusionLossInputs {
  /** Predicted noise [n, c, h, w]. */
  readonly prediction: Value;
  /** The noise that was added, of the same shape. */
  readonly noise: Value;
  /** [n], in (0, 1). */
  readonly alphaBar: Value;
}

/**
 * Mean squared error of the noise, over all elements (arXiv 2006.11239, eq. 14); a scalar. With `minSnrGamma` each sample counts min(SNR, gamma) / SNR
 * (Hang et al. 2023, arXiv 2303.09556, section 3.4), which damps the nearly clean times.
 */
export function diffusionLoss(
  { prediction, noise, alphaBar }: DiffusionLossInputs,
  { minSnrGamma }: { readonly minSnrGamma?: number } = {},
): Value {
  const error = op.Sub([prediction, noise]);
  const squares = meanPerSample(op.Mul([error, error]));
  if (minSnrGamma === undefined) return meanOf(squares);
  const snr = signalToNoise(alphaBar);
  return meanOf(op.Mul([squares, op.Div([op.Min([snr, minSnrGamma]), snr])]));
}
