// The guidance loss: the trained model, shown a bad face, is to see the clean picture that the frozen model sees behind the good one.
import { mean as meanOf, op, type Value } from '@facewright/onnx';
import { err } from '../errors.ts';
import { diffusionLoss } from './diffusion-loss.ts';
import { meanPerSample } from './per-sample.ts';
import { addNoise, denoiseOnce, signalToNoise } from './noising.ts';

/** How much each sample's squared distance between clean latents counts, from its signal to noise ratio: 1, SNR (as if measured between noises), or min(SNR, gamma). */
export type SnrWeighting = { readonly kind: 'none' } | { readonly kind: 'snr' } | { readonly kind: 'min-snr'; readonly gamma: number };

/** Predicts noise [n, c, h, w] from noisy latents and float32 times [n]. */
export type NoisePredictor = (noisy: Value, timestep: Value) => Value;

/** Noise and time of one draw: noise [n, c, h, w], timestep float32 [n] of the schedule's training times, alphaBar [n] at these. */
export interface NoiseDraw {
  readonly noise: Value;
  readonly timestep: Value;
  readonly alphaBar: Value;
}

export interface GuidanceInputs {
  /** Latents of the good and the bad picture of each pair, [n, c, h, w]. */
  readonly good: Value;
  readonly bad: Value;
  readonly draw: NoiseDraw;
  /** The model as it was before training: give it weights that are not trained, no gradient is taken through it. */
  readonly frozen: NoisePredictor;
  readonly trained: NoisePredictor;
}

/**
 * mean_n w_n mean ( z̄_0^bad(trained) - z̄_0^good(frozen) )²: both latents get the same noise at the same time and are denoised by one step (arXiv 2406.17100, the
 * loss called ours-l2). A scalar. Which times it sees is decided by who draws `draw`.
 */
export function guidanceLoss(inputs: GuidanceInputs, weighting: SnrWeighting): Value {
  return guidanceTerms(inputs, weighting).loss;
}

/** The loss with the clean latents [n, c, h, w] that the trained model sees behind the bad pictures. */
function guidanceTerms(
  { good, bad, draw, frozen, trained }: GuidanceInputs,
  weighting: SnrWeighting,
): { readonly loss: Value; readonly clean: Value } {
  if (String(good.shape) !== String(bad.shape))
    throw err.SHAPE('bad latents', `[${good.shape.join(', ')}] as the good ones`, `[${bad.shape.join(', ')}]`);
  const { noise, timestep, alphaBar } = draw;
  const clean = (latents: Value, predict: NoisePredictor): Value => {
    const noisy = addNoise(latents, noise, alphaBar);
    return denoiseOnce(noisy, predict(noisy, timestep), alphaBar);
  };
  const seen = clean(bad, trained);
  const distance = op.Sub([seen, clean(good, frozen)]);
  return { loss: meanOf(weighted(meanPerSample(op.Mul([distance, distance])), alphaBar, weighting)), clean: seen };
}

function weighted(perSample: Value, alphaBar: Value, weighting: SnrWeighting): Value {
  switch (weighting.kind) {
    case 'none':
      return perSample;
    case 'snr':
      return op.Mul([perSample, signalToNoise(alphaBar)]);
    case 'min-snr':
      return op.Mul([perSample, op.Min([signalToNoise(alphaBar), weighting.gamma])]);
  }
}

export interface FaceLossWeights {
  /** Weight of the guidance loss; 0 leaves it out of the graph. */
  readonly guidance: number;
  /** Weight of the diffusion loss on the good pictures; 0 leaves it out. Alone it is plain fine-tuning on the good pictures. */
  readonly diffusion: number;
  readonly weighting: SnrWeighting;
}

export interface FaceLosses {
  /** guidance weight times guidance loss + diffusion weight times diffusion loss. */
  readonly loss: Value;
  /** The terms before weighting; null where left out. */
  readonly guidance: Value | null;
  readonly diffusion: Value | null;
  /** Clean latents [n, c, h, w] as the trained model sees them by one step: behind the bad pictures, or behind the good ones without guidance. To look at. */
  readonly clean: Value;
}

/** What fine-tuning on pairs minimises: guidance on its own draw of times, diffusion on the good pictures on another (all times). Throws TRAIN_SETTINGS for weights that leave nothing. */
export function faceLosses(
  inputs: GuidanceInputs & { readonly diffusionDraw: NoiseDraw },
  { guidance, diffusion, weighting }: FaceLossWeights,
): FaceLosses {
  const problems = [
    ...(
      [
        ['guidance', guidance],
        ['diffusion', diffusion],
      ] as const
    )
      .filter(([, weight]) => !(weight >= 0 && Number.isFinite(weight)))
      .map(([name, weight]) => `${name}: expected a finite weight of at least 0, got ${weight}`),
    ...(guidance === 0 && diffusion === 0 ? ['guidance, diffusion: expected one above 0, got 0 and 0'] : []),
    ...(weighting.kind === 'min-snr' && !(weighting.gamma > 0) ? [`gamma: expected a number above 0, got ${weighting.gamma}`] : []),
  ];
  if (problems.length > 0) throw err.SETTINGS('face loss', problems);
  const guided = guidance > 0 ? guidanceTerms(inputs, weighting) : null;
  const plain = diffusion > 0 ? plainTerms(inputs.good, inputs.diffusionDraw, inputs.trained) : null;
  const terms = [...(guided ? [op.Mul([guided.loss, guidance])] : []), ...(plain ? [op.Mul([plain.loss, diffusion])] : [])];
  return {
    loss: terms.reduce((sum, term) => op.Add([sum, term])),
    guidance: guided?.loss ?? null,
    diffusion: plain?.loss ?? null,
    clean: (guided ?? plain)!.clean,
  };
}

function plainTerms(
  good: Value,
  { noise, timestep, alphaBar }: NoiseDraw,
  trained: NoisePredictor,
): { readonly loss: Value; readonly clean: Value } {
  const noisy = addNoise(good, noise, alphaBar);
  const prediction = trained(noisy, timestep);
  return { loss: diffusionLoss({ prediction, noise, alphaBar }), clean: denoiseOnce(noisy, prediction, alphaBar) };
}
