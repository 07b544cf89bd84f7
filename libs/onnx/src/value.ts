// A value in a graph: what an edge carries before anything is computed. Shapes are static: a graph is built for the shape it runs at.
import type { DType, Shape, Tensor } from '@facewright/tensor';

export type { DType, Shape, Tensor };

/** Where a parameter's bytes are: a range of a file (weights are never copied), or a tensor in memory. */
export type ParameterData =
  | { readonly kind: 'file'; readonly file: string; readonly offset: number; readonly length: number }
  | { readonly kind: 'memory'; readonly tensor: Tensor };

export type Source =
  /** Fed at every run. */
  | { readonly kind: 'input'; readonly name: string }
  /** An initializer: a weight by its checkpoint name. */
  | { readonly kind: 'parameter'; readonly name: string; readonly data: ParameterData }
  | { readonly kind: 'constant'; readonly tensor: Tensor }
  | { readonly kind: 'node'; readonly node: GraphNode; readonly index: number };

export interface Value {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly source: Source;
}

/** One operator applied. `attrs` are as the schema table types them; which become ONNX attributes and which become int64 inputs is the exporter's business. */
export interface GraphNode {
  readonly op: string;
  readonly inputs: readonly (Value | null)[];
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly outputs: readonly Value[];
}
