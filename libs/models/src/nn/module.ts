// A module and its parameters: declared shapes under the names of the checkpoint.
import type { Rng, Shape, Tensor } from '@facewright/tensor';
import { sizeOf } from '@facewright/tensor';

/** How a parameter starts when it is trained from nothing. */
export type Init =
  | { readonly kind: 'constant'; readonly value: number }
  /** Uniform in [-bound, bound]. */
  | { readonly kind: 'uniform'; readonly bound: number }
  | { readonly kind: 'normal'; readonly deviation: number };

/** One named array of weights: what a checkpoint must hold, not the numbers themselves. */
export class Parameter {
  readonly shape: Shape;
  readonly init: Init;
  constructor(shape: Shape, init: Init) {
    this.shape = shape;
    this.init = init;
  }
}

/** A module is its properties: their names are the names in the checkpoint, verbatim, so nothing maps between the two. Arrays give numbered names; null leaves a number out. */
export abstract class Module {
  /** All parameters in order of declaration, with their full names. */
  *parameters(prefix = ''): Generator<readonly [name: string, parameter: Parameter]> {
    yield* walk(this, prefix);
  }
}

function* walk(node: object, prefix: string): Generator<readonly [string, Parameter]> {
  for (const [key, child] of Object.entries(node) as [string, unknown][]) {
    const name = prefix === '' ? key : `${prefix}.${key}`;
    if (child instanceof Parameter) yield [name, child];
    else if (child instanceof Module || Array.isArray(child)) yield* walk(child, name);
  }
}

/** Number of scalars in all parameters. */
export const parameterCount = (module: Module): number => [...module.parameters()].reduce((sum, [, p]) => sum + sizeOf(p.shape), 0);

/** Fresh values for every parameter, drawn in order of declaration. */
export function initialize(module: Module, rng: Rng): Map<string, Tensor<'float32'>> {
  const tensors = new Map<string, Tensor<'float32'>>();
  for (const [name, { shape, init }] of module.parameters()) {
    const count = sizeOf(shape);
    let data: Float32Array;
    switch (init.kind) {
      case 'constant':
        data = new Float32Array(count).fill(init.value);
        break;
      case 'uniform':
        data = Float32Array.from({ length: count }, () => (2 * rng() - 1) * init.bound);
        break;
      case 'normal':
        data = rng.normal(count).map((v) => v * init.deviation);
        break;
    }
    tensors.set(name, { dtype: 'float32', dims: shape, data });
  }
  return tensors;
}
