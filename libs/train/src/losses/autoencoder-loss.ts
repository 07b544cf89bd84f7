// The loss of a variational autoencoder: likeness of picture and reconstruction, and closeness of its latents to a standard normal.
import { mean as meanOf, op, type Value } from '@facewright/onnx';

export interface AutoencoderLossWeights {
  /** Weight of the divergence, per latent element. */
  readonly kl: number;
  /** Weight of the edge term; 0 leaves it out. */
  readonly edges: number;
}

export interface AutoencoderLosses {
  readonly loss: Value;
  /** Mean absolute error per channel value. */
  readonly pixels: Value;
  /** Mean absolute error of differences between neighbours; null when left out. */
  readonly edges: Value | null;
  /** Kullback-Leibler divergence from a standard normal per latent element, in nats. */
  readonly kl: Value;
}

/** A sample of a diagonal Gaussian: mean + exp(logvar / 2) noise, through which gradients pass (Kingma and Welling 2014, arXiv 1312.6114, section 2.4). */
export function sampleLatents(mean: Value, logvar: Value, noise: Value): Value {
  return op.Add([mean, op.Mul([op.Exp([op.Mul([logvar, 0.5])]), noise])]);
}

/** Divergence of N(mean, exp(logvar)) from N(0, 1): mean of (mean² + exp(logvar) - 1 - logvar) / 2 (arXiv 1312.6114, appendix B); a scalar. */
export function gaussianDivergence(mean: Value, logvar: Value): Value {
  const terms = op.Sub([op.Add([op.Mul([mean, mean]), op.Exp([logvar])]), op.Add([logvar, 1])]);
  return op.Mul([meanOf(terms), 0.5]);
}

/** L1 distance between the horizontal and vertical first differences of two pictures [n, c, h, w], a scalar: what keeps lines sharp where plain L1 is content with an average. */
export function edgeLoss(a: Value, b: Value): Value {
  const error = op.Sub([a, b]);
  const along = (axis: 2 | 3): Value => {
    const size = error.shape[axis] ?? 0;
    const part = (start: number, end: number) => op.Slice([error], { starts: [start], ends: [end], axes: [axis] });
    return meanOf(op.Abs([op.Sub([part(1, size), part(0, size - 1)])]));
  };
  return op.Add([along(2), along(3)]);
}

/** L1 of the pixels + weighted edges + weighted divergence. Pictures and reconstruction [n, c, h, w] in [-1, 1]. */
export function autoencoderLoss(
  {
    picture,
    reconstruction,
    mean,
    logvar,
  }: { readonly picture: Value; readonly reconstruction: Value; readonly mean: Value; readonly logvar: Value },
  weights: AutoencoderLossWeights,
): AutoencoderLosses {
  const pixels = meanOf(op.Abs([op.Sub([reconstruction, picture])]));
  const kl = gaussianDivergence(mean, logvar);
  const edges = weights.edges > 0 ? edgeLoss(reconstruction, picture) : null;
  const sum = op.Add([pixels, op.Mul([kl, weights.kl])]);
  return { loss: edges ? op.Add([sum, op.Mul([edges, weights.edges])]) : sum, pixels, edges, kl };
}
