// The guidance loss: the trained model, shown a bad face, is to see the clean picture that the frozen model sees behind the good one.
import type { Prediction } from '@facewright/models';
import { mean as meanOf, op, type Value } from '@facewright/onnx';
import { err } from '../errors.ts';
import { denoisingTerms, type DenoisingTerms } from './diffusion-loss.ts';
import { meanPerSample } from './per-sample.ts';
import { addNoise, denoiseOnce, signalToNoise, type NoiseDraw, type NoisePredictor } from './noising.ts';

/** How much each sample's distance between clean latents counts, from its signal to noise ratio: 1, SNR (as if measured between noises), or min(SNR, gamma). */
export type SnrWeighting = { readonly kind: 'none' } | { readonly kind: 'snr' } | { readonly kind: 'min-snr'; readonly gamma: number };

/** How far apart clean latents [n, c, h, w] are, of each sample [n]. */
export type LatentDistance = (seen: Value, wanted: Value) => Value;

/** The mean squared difference. `places` [n, 1, h, w], above 0, says how much each place counts, for example more where faces are; a sample's mean is over these weights. */
export const squaredDistance =
  (places?: Value): LatentDistance =>
  (seen, wanted) => {
    const difference = op.Sub([seen, wanted]);
    const squares = op.Mul([difference, difference]);
    return places ? op.Div([meanPerSample(op.Mul([squares, places])), meanPerSample(places)]) : meanPerSample(squares);
  };

/** Between the features [n, width] that a frozen network gives of both: 1 - their cosine, or their mean squared difference. */
export const featureDistance =
  (features: (latents: Value) => Value, metric: 'cosine' | 'l2'): LatentDistance =>
  (seen, wanted) => {
    const [a, b] = [features(seen), features(wanted)];
    if (metric === 'l2') return squaredDistance()(a, b);
    const dot = (x: Value, y: Value) => op.ReduceSum([op.Mul([x, y])], { axes: [1], keepdims: false });
    return op.Sub([1, op.Div([dot(a, b), op.Sqrt([op.Mul([dot(a, a), dot(b, b)])])])]);
  };

export interface GuidanceInputs {
  /** Latents of the good and the bad picture of each pair, [n, c, h, w]. */
  readonly good: Value;
  readonly bad: Value;
  readonly draw: NoiseDraw;
  /** The model as it was before training: give it weights that are not trained, no gradient is taken through it. */
  readonly frozen: NoisePredictor;
  readonly trained: NoisePredictor;
  /** Default: 'epsilon'. */
  readonly predicts?: Prediction;
  /** What the trained model is to see: what the frozen one does behind the good picture with the same noise, or the clean latents of the good picture themselves. Default: 'frozen'. */
  readonly target?: 'frozen' | 'clean';
  /** Default: {@link squaredDistance}. */
  readonly distance?: LatentDistance;
}

/**
 * mean_n w_n distance( z̄_0^bad(trained), z̄_0^good(frozen) ): both latents get the same noise at the same time and are denoised by one step (arXiv 2406.17100; with squared
 * distance the loss called ours-l2, between DINO's features of the decoded latents ours-dino). A scalar. Which times it sees is decided by who draws `draw`; distances are between
 * clean latents, whatever the model predicts.
 */
export function guidanceLoss(inputs: GuidanceInputs, weighting: SnrWeighting): Value {
  return guidanceTerms(inputs, weighting).loss;
}

function guidanceTerms(inputs: GuidanceInputs, weighting: SnrWeighting): DenoisingTerms {
  const { good, bad, draw, frozen, trained, predicts, target = 'frozen', distance = squaredDistance() } = inputs;
  if (String(good.shape) !== String(bad.shape))
    throw err.SHAPE('bad latents', `[${good.shape.join(', ')}] as the good ones`, `[${bad.shape.join(', ')}]`);
  const { noise, timestep, alphaBar } = draw;
  const clean = (latents: Value, predict: NoisePredictor): Value => {
    const noisy = addNoise(latents, noise, alphaBar);
    return denoiseOnce(noisy, predict(noisy, timestep), alphaBar, predicts);
  };
  const seen = clean(bad, trained);
  const each = distance(seen, target === 'frozen' ? clean(good, frozen) : good);
  return { loss: meanOf(weighted(each, alphaBar, weighting)), clean: seen };
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
  const plain =
    diffusion > 0
      ? denoisingTerms(inputs.good, inputs.diffusionDraw, inputs.trained, inputs.predicts && { predicts: inputs.predicts })
      : null;
  const terms = [...(guided ? [op.Mul([guided.loss, guidance])] : []), ...(plain ? [op.Mul([plain.loss, diffusion])] : [])];
  return {
    loss: terms.reduce((sum, term) => op.Add([sum, term])),
    guidance: guided?.loss ?? null,
    diffusion: plain?.loss ?? null,
    clean: (guided ?? plain)!.clean,
  };
}
