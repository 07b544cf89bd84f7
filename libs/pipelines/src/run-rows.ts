// Runs a graph of a fixed batch size over any number of rows.
import { sizeOf, type Session, type Tensor, type Tensors } from '@facewright/tensor';

export interface RowOptions {
  /** Most rows in one run. */
  readonly batch: number;
  /** The session for a batch size. */
  open(batch: number): Promise<Session>;
  /** Whether every run takes exactly `batch` rows, as a graph of others may. */
  readonly exact?: boolean;
  /** Asked between runs. */
  readonly signal: AbortSignal;
}

/**
 * Feeds have their rows along axis 0, all equally many. Rows are spread evenly over the runs, so that one batch size, hence one session, serves all of them;
 * the last run is filled up with its last row, and what that gives is dropped. Every output keeps its rows along axis 0.
 */
export async function runRows(
  feeds: Tensors,
  { batch, exact = false, open, signal }: RowOptions,
): Promise<Readonly<Record<string, Tensor<'float32'>>>> {
  const rows = Object.values(feeds)[0]?.dims[0] ?? 0;
  const runs = Math.max(1, Math.ceil(rows / batch));
  const size = exact ? batch : Math.ceil(rows / runs);
  const session = await open(size);
  const results = new Map<string, Tensor<'float32'>>();
  for (let first = 0; first < rows; first += size) {
    signal.throwIfAborted();
    const part = await session.run(
      Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, takeRows(tensor, first, size)])),
    );
    for (const [name, tensor] of Object.entries(part)) {
      const whole = results.get(name) ?? emptyRows(tensor as Tensor<'float32'>, rows);
      const width = sizeOf(tensor.dims.slice(1));
      whole.data.set((tensor.data as Float32Array).subarray(0, (Math.min(first + size, rows) - first) * width), first * width);
      results.set(name, whole);
    }
  }
  return Object.fromEntries(results);
}

const emptyRows = ({ dims }: Tensor<'float32'>, rows: number): Tensor<'float32'> => ({
  dtype: 'float32',
  dims: [rows, ...dims.slice(1)],
  data: new Float32Array(rows * sizeOf(dims.slice(1))),
});

/** `count` rows from `first` on; beyond the end the last row is repeated. */
function takeRows(tensor: Tensor, first: number, count: number): Tensor {
  const [rows = 0, ...rest] = tensor.dims;
  const width = sizeOf(rest);
  const there = tensor.data.subarray(first * width, Math.min(first + count, rows) * width);
  if (there.length === count * width) return { ...tensor, dims: [count, ...rest], data: there } as Tensor;
  const data = tensor.data.slice(0, 0).constructor as unknown as new (length: number) => Tensor['data'];
  const filled = new data(count * width);
  filled.set(there as never);
  const last = tensor.data.subarray((rows - 1) * width, rows * width);
  for (let at = there.length; at < filled.length; at += width) filled.set(last as never, at);
  return { ...tensor, dims: [count, ...rest], data: filled } as Tensor;
}

/** Whole numbers from `from` up to but without `to`. */
export const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** Rows by index, in the order of the indices, with repeats. */
export function gatherRows(tensor: Tensor<'float32'>, indices: readonly number[]): Tensor<'float32'> {
  const rest = tensor.dims.slice(1);
  const width = sizeOf(rest);
  const data = new Float32Array(indices.length * width);
  indices.forEach((row, at) => data.set(tensor.data.subarray(row * width, (row + 1) * width), at * width));
  return { dtype: 'float32', dims: [indices.length, ...rest], data };
}

/** Several tensors of equal rows, one after the other along axis 0. */
export function stackRows(tensors: readonly Tensor<'float32'>[]): Tensor<'float32'> {
  const rest = tensors[0]!.dims.slice(1);
  const data = new Float32Array(tensors.reduce((sum, t) => sum + t.data.length, 0));
  let at = 0;
  for (const tensor of tensors) {
    data.set(tensor.data, at);
    at += tensor.data.length;
  }
  return { dtype: 'float32', dims: [tensors.reduce((sum, t) => sum + (t.dims[0] ?? 0), 0), ...rest], data };
}

/** The first rows, at most `count`. */
export const firstRows = (tensor: Tensor<'float32'>, count: number): Tensor<'float32'> =>
  gatherRows(tensor, range(0, Math.min(count, tensor.dims[0] ?? 0)));
