// The seam between those who build graphs and the runtime that runs them.
import type { DType, Tensor } from './tensor.ts';

export interface TensorInfo {
  readonly name: string;
  readonly dtype: DType;
  /** Static sizes; a string names a size known only at run time (graphs read from files). */
  readonly shape: readonly (number | string)[];
}

/** A file that a graph reads weights from. */
export interface WeightFile {
  /** Name inside the graph: a plain file name, or a path below the model's folder in graphs of others. */
  readonly location: string;
  /** The file on disk. */
  readonly path: string;
  /** Bytes that are read, [from, to) in order and apart from each other; absent where the graph does not tell: the whole file. */
  readonly regions?: readonly (readonly [number, number])[];
}

/** A serialised ONNX graph and where the bytes of its weights are. */
export interface RunnableModel {
  /** ModelProto. Initializers that point outside use `location` names of `files` or `memory`. */
  readonly bytes: Uint8Array;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** Weight files read in place. */
  readonly files: readonly WeightFile[];
  readonly memory: readonly { readonly location: string; readonly data: Uint8Array }[];
}

export type Tensors = Readonly<Record<string, Tensor>>;

/** A value that a session keeps between runs, on the device: after each run, what `output` gave is what `input` gets next. */
export interface SessionState {
  readonly input: string;
  readonly output: string;
  readonly initial: Tensor;
  /** The graph writes `output` element by element and only after all else that reads `input`: both may be the same memory. After a run that fails such state is undefined. */
  readonly inPlace?: boolean;
}

export interface SessionOptions {
  /** Parameters and optimiser moments of a training loop; absent for plain inference. */
  readonly state?: readonly SessionState[];
}

export interface Session {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** Feeds every input that is not state; returns every output that is not state. Rejects with RUNTIME_* naming the input that does not fit. */
  run(feeds: Tensors): Promise<Tensors>;
  /** Current state by input name, copied to memory: all of it, or the inputs named, which it must have. */
  readState(names?: readonly string[]): Promise<Tensors>;
  release(): Promise<void>;
}
