// The gradient that a graph computes, against central differences of the graph itself along one random direction.
import { createRng, type RunnableModel, type Session, type Tensor, type Tensors } from '@facewright/tensor';
import { buildModel } from '../build-model.ts';
import { grad } from '../grad.ts';
import { input } from '../source.ts';
import type { Value } from '../value.ts';

/** What opens a graph: a runtime, or anything that can. */
export interface Opener {
  open(model: RunnableModel): Promise<Session>;
}

export interface GradientCheck {
  readonly runtime: Opener;
  /** Float32 or float64; the points should keep 4 steps of distance from any kink. */
  readonly at: readonly Tensor[];
  readonly build: (xs: readonly Value[]) => Value;
  /** Stands in for `grad`, so that the check itself can be checked. */
  readonly differentiate?: typeof grad;
  /** Of the random direction and cotangent. Default 1. */
  readonly seed?: number;
  /**
   * Half the distance between the two nearest points. Default 2^-5 in float32, where rounding (1e-7 of the values, over the step) and the remainder
   * (step^4) are then about equal, 2^-10 in float64. Powers of two, so that points and directions of few digits move without rounding.
   */
  readonly step?: number;
}

export interface GradientReport {
  /** Directional derivative by the gradient graph. */
  readonly exact: number;
  /** The same by differences. */
  readonly numeric: number;
  /** |exact - numeric| over the root of the sum of squares of the terms of `exact`, the size it has for a random direction; never over a sum that happens to cancel. */
  readonly error: number;
}

const widen = (tensor: Tensor): Float64Array => Float64Array.from(tensor.data as Float32Array);
const narrow = (like: Tensor, data: Float64Array): Tensor =>
  (like.dtype === 'float64' ? { ...like, data } : { ...like, data: Float32Array.from(data) }) as Tensor;

/**
 * Compares the gradient of a random combination of the elements of `build(xs)` with a central difference of fourth order, both computed by
 * the runtime. The direction has entries between 1/2 and 1 of random sign, so none is lost among larger ones.
 * Throws when a gradient has another shape or element type than its x.
 */
export async function checkGradient({ runtime, at, build, differentiate = grad, seed = 1, step }: GradientCheck): Promise<GradientReport> {
  const xs = at.map(({ dtype, dims }, index) => input(`x${index}`, dtype, dims));
  const y = build(xs);
  const cotangent = input('cotangent', y.dtype, y.shape);
  const gradients = differentiate(y, xs, cotangent);
  gradients.forEach((g, index) => {
    const [got, want] = [`${g.dtype} [${g.shape.join(', ')}]`, `${at[index]!.dtype} [${at[index]!.dims.join(', ')}]`];
    if (got !== want) throw new Error(`gradient of x${index}: expected ${want}, got ${got}`);
  });

  const rng = createRng(seed);
  const directions = at.map(({ data }) => Float64Array.from(data as Float32Array, () => (rng() < 0.5 ? -1 : 1) * (1 - rng.integer(5) / 8)));
  const size = y.shape.reduce((a, b) => a * b, 1);
  // Eight binary digits: exact in every element type.
  const weights = Float64Array.from({ length: size }, () => Math.round((rng() * 2 - 1) * 128) / 128);
  const weightTensor = narrow({ dtype: y.dtype, dims: y.shape, data: new Float64Array(0) } as Tensor, weights);

  const backward = await runtime.open(
    buildModel(Object.fromEntries(gradients.map((g, index) => [`g${index}`, g])), { inputs: [...xs, cotangent] }),
  );
  const forward = await runtime.open(buildModel({ y }, { inputs: xs }));
  try {
    const feeds: Tensors = Object.fromEntries(at.map((tensor, index) => [`x${index}`, tensor]));
    const computed = await backward.run({ ...feeds, cotangent: weightTensor });
    let exact = 0;
    let squares = 0;
    gradients.forEach((_, index) => {
      widen(computed[`g${index}`]!).forEach((value, k) => {
        const term = value * directions[index]![k]!;
        exact += term;
        squares += term * term;
      });
    });
    const along = async (distance: number): Promise<number> => {
      const moved = at.map(
        (tensor, index) =>
          [
            `x${index}`,
            narrow(
              tensor,
              widen(tensor).map((value, k) => value + distance * directions[index]![k]!),
            ),
          ] as const,
      );
      const result = await forward.run(Object.fromEntries(moved));
      return widen(result['y']!).reduce((sum, value, k) => sum + value * weights[k]!, 0);
    };
    const h = step ?? (y.dtype === 'float64' ? 2 ** -10 : 2 ** -5);
    const near = (await along(h)) - (await along(-h));
    const far = (await along(2 * h)) - (await along(-2 * h));
    const numeric = (8 * near - far) / (12 * h);
    const scale = Math.max(Math.sqrt(squares), Math.abs(numeric) / 16);
    return { exact, numeric, error: scale === 0 ? 0 : Math.abs(exact - numeric) / scale };
  } finally {
    await forward.release();
    await backward.release();
  }
}
