// What is to be known about one ONNX operator, in one place: since when, its shape, its gradient.
import { defineErrors } from '@facewright/tensor';
import type { OpAttrs, OpName } from './schema.ts';
import type { DType, GraphNode, Shape, Tensor, Value } from './value.ts';

export const err = defineErrors('ONNX', {
  SHAPE: (op: string, want: string, got: string) => `${op}: expected ${want}, got ${got}`,
  NO_GRADIENT: (op: string, why: string) => `${op}: expected an operator with a gradient on the path, got none: ${why}`,
  PARAMETER: (name: string, want: string, got: string) => `parameter ${name}: expected ${want}, got ${got}`,
  NAME: (name: string, want: string, got: string) => `${name}: expected ${want}, got ${got}`,
  SEED: (want: string, got: string) => `gradient seed: expected ${want}, got ${got}`,
  TRAIN_STEP: (subject: string, want: string, got: string) => `train step ${subject}: expected ${want}, got ${got}`,
  MALFORMED: (where: string, want: string, got: string) => `ONNX file, ${where}: expected ${want}, got ${got}`,
});

export interface Inferred {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** What the exporter writes of a node beside its inputs: trailing constant inputs and ONNX attributes. */
export interface Encoded {
  readonly inputs?: readonly (Tensor | null)[];
  readonly attributes?: Readonly<Record<string, number | string | readonly number[]>>;
}

export interface Op<A> {
  /** First opset whose definition of the operator is the one followed here. */
  readonly since: number;
  /** Operator domain; absent for ai.onnx. */
  readonly domain?: 'com.microsoft';
  /** Attributes that ONNX takes as trailing int64 or float inputs, in input order (null skips an optional slot). */
  readonly attrInputs?: readonly ((keyof A & string) | null)[];
  /** Instead of `attrInputs`, where what ONNX wants differs from `attrs` by more than its place. */
  readonly encode?: (attrs: A, node: GraphNode) => Encoded;
  /** Shapes and element types of all outputs. Throws ONNX_SHAPE. */
  infer(inputs: readonly (Value | null)[], attrs: A): readonly Inferred[];
  /** Required: a rule, or the reason why there is none. */
  readonly vjp: Vjp<A> | NoGradient;
}
/** Cotangents of the inputs from those of the outputs (null: none arrived). May have the shape before broadcasting: the driver reduces them. */
export type Vjp<A> = (
  op: Builder,
  cotangents: readonly (Value | null)[],
  node: GraphNode & { readonly attrs: A },
) => readonly (Value | null)[];
export type NoGradient = { readonly zero: string } | { readonly unwritten: string };

/** A number stands for a scalar constant: float32, or the element type of the first operand that is a number tensor where that is another. */
export type Operand = Value | number;
type Attrs<K extends OpName> = {} extends OpAttrs[K] ? [attrs?: OpAttrs[K]] : [attrs: OpAttrs[K]];
/** Operators with one output return it; Split returns a list. */
export type Builder = {
  readonly [K in OpName]: (inputs: readonly (Operand | null)[], ...attrs: Attrs<K>) => K extends 'Split' ? readonly Value[] : Value;
};
