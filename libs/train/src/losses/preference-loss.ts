// Losses that set good pictures against bad ones by how much better than a frozen model each is denoised: Diffusion-DPO and SPIN.
import type { Prediction } from '@facewright/models';
import { mean as meanOf, op, stopGradient, type Value } from '@facewright/onnx';
import { err } from '../errors.ts';
import { squaredError } from './diffusion-loss.ts';
import { addNoise, denoiseOnce, predictionTarget, type NoiseDraw, type NoisePredictor } from './noising.ts';

export interface PreferenceInputs {
  /** Latents of the good and the bad picture of each pair, [n, c, h, w]. */
  readonly good: Value;
  readonly bad: Value;
  readonly draw: NoiseDraw;
  /** Noise of the bad pictures; absent: that of the good ones. The times are those of `draw` always. */
  readonly badNoise?: Value;
  /** The reference, through which no gradient is taken: the model before training, or the one of the iteration before. */
  readonly frozen: NoisePredictor;
  readonly trained: NoisePredictor;
  /** Default: 'epsilon'. */
  readonly predicts?: Prediction;
}

export interface PreferenceTerms {
  /** Scalar; log 2 as long as the trained model is the frozen one. */
  readonly loss: Value;
  /** Share of pairs whose good picture gained more than the bad one, in [0, 1]: what training raises; a tie counts as wrong. A scalar without gradient. */
  readonly accuracy: Value;
  /** Clean latents [n, c, h, w] that the trained model sees behind the good pictures. To look at. */
  readonly clean: Value;
}

/**
 * mean -log sigmoid( -scale [ (m_good - m_bad) - (r_good - r_bad) ] ), where m and r are the mean squared errors of the trained and the frozen model on a picture.
 * Written as softplus, which stays finite. Throws TRAIN_SETTINGS for a scale that is not above 0, TRAIN_SHAPE for latents of different shapes.
 */
function preferenceTerms(inputs: PreferenceInputs, scale: number): PreferenceTerms {
  const { good, bad, draw, badNoise = draw.noise, frozen, trained, predicts = 'epsilon' } = inputs;
  if (!(scale > 0 && Number.isFinite(scale)))
    throw err.SETTINGS('preference loss', [`beta: expected a finite number above 0, got ${scale}`]);
  if (String(good.shape) !== String(bad.shape))
    throw err.SHAPE('bad latents', `[${good.shape.join(', ')}] as the good ones`, `[${bad.shape.join(', ')}]`);
  const { timestep, alphaBar } = draw;
  const side = (latents: Value, noise: Value) => {
    const noisy = addNoise(latents, noise, alphaBar);
    const target = predictionTarget(predicts, latents, { noise, alphaBar });
    const prediction = trained(noisy, timestep);
    // the difference of each picture first: both errors are of the size of 1, and what sets them apart is small
    const gain = op.Sub([squaredError(prediction, target), squaredError(stopGradient(frozen(noisy, timestep)), target)]);
    return { gain, clean: denoiseOnce(noisy, prediction, alphaBar, predicts) };
  };
  const [winner, loser] = [side(good, draw.noise), side(bad, badNoise)];
  const inside = op.Sub([winner.gain, loser.gain]);
  return {
    loss: meanOf(op.Softplus([op.Mul([inside, scale])])),
    accuracy: meanOf(op.Cast([op.Greater([loser.gain, winner.gain])], { to: 'float32' })),
    clean: winner.clean,
  };
}

/** How beta counts: 'authors' takes half of it, as the published training code does; 'diffusers' the whole, as diffusers' LoRA script. */
export type DpoForm = 'authors' | 'diffusers';

/** Diffusion-DPO (Wallace et al. 2023, arXiv 2311.12908, eq. 14): the same noise at the same time on both pictures. */
export const dpoLoss = (
  inputs: Omit<PreferenceInputs, 'badNoise'>,
  { beta, form }: { readonly beta: number; readonly form: DpoForm },
): PreferenceTerms => preferenceTerms(inputs, form === 'authors' ? beta / 2 : beta);

/**
 * SPIN for diffusion (Yuan et al. 2024, arXiv 2402.10210): good are real pictures, bad those that the frozen model, the opponent, drew itself; each has noise of its own.
 * `beta` is the paper's lambda of a time, the same for all times, and counts whole.
 */
export const spinLoss = (inputs: PreferenceInputs & { readonly badNoise: Value }, { beta }: { readonly beta: number }): PreferenceTerms =>
  preferenceTerms(inputs, beta);
