// A session that computes nothing: it checks its feeds and gives zeros of the right shapes, so that whole pipelines run in structure tests.
import {
  sizeOf,
  type DataOf,
  type RunnableModel,
  type Session,
  type SessionOptions,
  type Tensor,
  type TensorInfo,
  type Tensors,
} from '@facewright/tensor';
import { checkFeeds } from './check-feeds.ts';
import { checkState } from './check-state.ts';
import { err } from './errors.ts';

const arrays: { readonly [D in keyof DataOf]: new (length: number) => DataOf[D] } = {
  float32: Float32Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  float64: Float64Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

/** A size known by name only is what the feeds made of the same name; 1 where no input has it. */
function zeros({ dtype, shape }: TensorInfo, sizes: ReadonlyMap<string, number>): Tensor {
  const dims = shape.map((size) => (typeof size === 'number' ? size : (sizes.get(size) ?? 1)));
  return { dtype, dims, data: new arrays[dtype](sizeOf(dims)) } as Tensor;
}

export function openNullSession(model: RunnableModel, { state = [] }: SessionOptions): Session {
  checkState(model, state);
  const inputs = model.inputs.filter(({ name }) => !state.some(({ input }) => input === name));
  const outputs = model.outputs.filter(({ name }) => !state.some(({ output }) => output === name));
  let released = false;
  return {
    inputs,
    outputs,
    async run(feeds: Tensors) {
      if (released) throw err.RELEASED('run');
      const problems = checkFeeds(inputs, feeds);
      if (problems.length) throw err.FEEDS(problems);
      const sizes = new Map(
        inputs.flatMap(({ name, shape }) =>
          shape.flatMap((size, axis) => (typeof size === 'string' ? [[size, feeds[name]!.dims[axis]!] as const] : [])),
        ),
      );
      return Object.fromEntries(outputs.map((info) => [info.name, zeros(info, sizes)]));
    },
    readState: async (names) =>
      Object.fromEntries(
        state
          .filter(({ input }) => !names || names.includes(input))
          .map(({ input, initial }) => [input, { ...initial, data: initial.data.slice() } as Tensor]),
      ),
    release: async () => {
      released = true;
    },
  };
}
