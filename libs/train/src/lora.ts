// Low-rank adaptation: which weights get two thin factors, how these start, what they are called in a file.
import { withLowRank, lowRankShapes, type Module, type Parameter, type WeightSource } from '@facewright/models';
import type { Value } from '@facewright/onnx';
import { sizeOf, type Rng, type Shape, type Tensor } from '@facewright/tensor';
import { err } from './errors.ts';

export interface LoraSettings {
  /** Width of the factors, at least 1. */
  readonly rank: number;
  /** The product of the factors counts alpha / rank (Hu et al. 2021, arXiv 2106.09685, section 4.1). */
  readonly alpha: number;
  /** Which weights, by their full name; of these only such with two dimensions or more are taken. */
  readonly targets: (name: string) => boolean;
  /** What stands before names in the file, for example `unet.` as diffusers writes it. */
  readonly prefix: string;
  /** First values of A: normal with deviation 1 / rank (what diffusers' training scripts ask for) or uniform within 1 / sqrt(fan in) (PEFT's default). B starts at 0, so that training starts at the base. */
  readonly init: 'gaussian' | 'kaiming';
}

/** Weights of every linear layer and convolution, embeddings left out. */
export const everyLayer = (name: string): boolean => name.endsWith('.weight') && !name.includes('embedding.weight');

/** Names of the two factors of a weight, as PEFT spells them: `unet.mid_block.….to_q.lora_A.weight` (down, [rank, in, …]) and `….lora_B.weight` (up, [out, rank, …]). */
export function loraNames(weight: string, prefix: string): { readonly down: string; readonly up: string } {
  const layer = `${prefix}${weight.replace(/\.weight$/, '')}`;
  return { down: `${layer}.lora_A.weight`, up: `${layer}.lora_B.weight` };
}

/** First values of all factors, by their names in the file. Throws TRAIN_SETTINGS for a bad rank or alpha, TRAIN_TARGETS when no weight is named. */
export function initializeLora(module: Module, settings: LoraSettings, rng: Rng): Map<string, Tensor<'float32'>> {
  const { rank, alpha, prefix, init } = settings;
  const problems = [
    ...(Number.isInteger(rank) && rank >= 1 ? [] : [`rank: expected a whole number of at least 1, got ${rank}`]),
    ...(alpha > 0 && Number.isFinite(alpha) ? [] : [`alpha: expected a finite number above 0, got ${alpha}`]),
  ];
  if (problems.length > 0) throw err.SETTINGS('LoRA', problems);
  const tensors = new Map<string, Tensor<'float32'>>();
  for (const [name, parameter] of module.parameters()) {
    if (!isTarget(settings, name, parameter)) continue;
    const shapes = lowRankShapes(parameter, rank);
    const names = loraNames(name, prefix);
    const count = sizeOf(shapes.down);
    const bound = 1 / Math.sqrt(count / rank);
    const data =
      init === 'gaussian' ? rng.normal(count).map((v) => v / rank) : Float32Array.from({ length: count }, () => (2 * rng() - 1) * bound);
    tensors.set(names.down, { dtype: 'float32', dims: shapes.down, data });
    tensors.set(names.up, { dtype: 'float32', dims: shapes.up, data: new Float32Array(sizeOf(shapes.up)) });
  }
  if (tensors.size === 0) throw err.TARGETS('LoRA');
  return tensors;
}

/** A base with the factors of the settings added; `factor` gives the value of each by its name (a graph input when it is trained, a parameter when it is only used). */
export function withLora(base: WeightSource, settings: LoraSettings, factor: (name: string, shape: Shape) => Value): WeightSource {
  const { rank, alpha, prefix } = settings;
  return withLowRank(base, (name, parameter) => {
    if (!isTarget(settings, name, parameter)) return [];
    const names = loraNames(name, prefix);
    const shapes = lowRankShapes(parameter, rank);
    return [{ down: factor(names.down, shapes.down), up: factor(names.up, shapes.up), scale: alpha / rank }];
  });
}

function isTarget({ targets }: LoraSettings, name: string, { shape }: Parameter): boolean {
  return shape.length >= 2 && name.endsWith('.weight') && targets(name);
}
