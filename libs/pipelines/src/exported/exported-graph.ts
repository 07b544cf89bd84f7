// One graph of an exported pipeline, run as it is: fed in the element types that it asks for, its outputs as float32.
import type { Model, NodeContext } from '@facewright/core';
import { readModel } from '@facewright/onnx';
import { toFloat32, type DType, type RunnableModel, type Tensor, type TensorInfo } from '@facewright/tensor';
import { basename, dirname, join } from 'node:path';
import { err } from '../errors.ts';
import { componentKey, componentOf } from '../model-files.ts';

export type Floats = Tensor<'float32'>;
/** Numbers of whatever type the graph asks for. */
export interface Feed {
  readonly dims: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

export interface ExportDescription {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** Names of the files beside the model that hold weights, e.g. model.onnx_data. */
  readonly locations: readonly string[];
}
export interface ExportedGraph extends Pick<ExportDescription, 'inputs' | 'outputs'> {
  /** What the graph has under a name; undefined where it has nothing. */
  input(name: string): TensorInfo | undefined;
  /** Throws PIPELINES_SIZE for sizes that an export of fixed sizes does not take. Feeds that the graph has no input for are left out. */
  run(feeds: Readonly<Record<string, Feed>>): Promise<Readonly<Record<string, Floats>>>;
}

/** What a serialised model takes and gives, and where its weights are. Throws ONNX_MALFORMED, also for weights outside of the model's folder. */
export function describeExport(bytes: Uint8Array): ExportDescription {
  const { inputs, outputs, files } = readModel(bytes, (location) => location);
  return { inputs, outputs, locations: files.map(({ location }) => location) };
}

/** Opens a component whose weights are a graph. `needed` are the inputs it must have, `known` those that can be fed. Throws PIPELINES_COMPONENT, PIPELINES_NETWORK, ONNX_MALFORMED. */
export async function openExportedGraph(
  handle: Model,
  component: string,
  ctx: NodeContext,
  { needed, known = [] }: { readonly needed: readonly string[]; readonly known?: readonly string[] },
): Promise<ExportedGraph> {
  const { weights, files } = componentOf(handle, component);
  if (!weights) throw err.COMPONENT(handle.name, component, ['one without a file']);
  const path = await ctx.assets.file(weights);
  const beside = new Map(await Promise.all(Object.entries(files).map(async ([name, ref]) => [name, await ctx.assets.file(ref)] as const)));
  const pathOf = (location: string) => beside.get(location) ?? join(dirname(path), location);
  // Not kept: the bytes may be those of all weights.
  const read = async (): Promise<RunnableModel> => readModel(await ctx.files.read(path), pathOf);
  const { inputs, outputs } = describeExport(await ctx.files.read(path));
  const where = `${handle.name}, ${component}/${basename(path)}`;
  const names = inputs.map(({ name }) => name);
  if (needed.some((name) => !names.includes(name)) || names.some((name) => ![...needed, ...known].includes(name)))
    throw err.NETWORK(
      where,
      `inputs ${needed.join(', ')}${known.length ? ` and at most ${known.join(', ')}` : ''}`,
      names.join(', ') || 'none',
    );
  const session = await ctx.session(componentKey(handle, component), read);
  return {
    inputs,
    outputs,
    input: (name) => inputs.find((info) => info.name === name),
    async run(feeds) {
      const missing = inputs.filter(({ name }) => !feeds[name]);
      if (missing.length)
        throw err.NETWORK(where, `values for its inputs ${names.join(', ')}`, `none for ${missing.map(({ name }) => name).join(', ')}`);
      const given = Object.fromEntries(inputs.map((info) => [info.name, fed(where, info, feeds[info.name]!)]));
      const results = await session.run(given);
      return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, toFloat32(`${where}: output ${name}`, tensor)]));
    },
  };
}

/** In the type of the input. Throws PIPELINES_SIZE where a size of the input is fixed to another. */
function fed(where: string, { name, dtype, shape }: TensorInfo, { dims, data }: Feed): Tensor {
  if (dims.length !== shape.length || shape.some((size, axis) => typeof size === 'number' && size !== dims[axis]))
    throw err.SIZE(`${where}: input ${name}`, `[${shape.join(', ')}], for which it was exported`, `[${dims.join(', ')}]`);
  const cast = casts[dtype];
  if (!cast) throw err.NETWORK(where, `input ${name} of floats or whole numbers`, dtype);
  return { dtype, dims, data: cast(data) } as Tensor;
}

const whole = (value: number | bigint) => Math.round(Number(value));
const casts: Partial<Record<DType, (data: Feed['data']) => Tensor['data']>> = {
  float32: (data) => (data instanceof Float32Array ? data : Float32Array.from(data, Number)),
  float16: (data) => new Uint16Array(Float16Array.from(data as Float32Array, Number).buffer),
  float64: (data) => Float64Array.from(data as Float32Array, Number),
  int64: (data) => (data instanceof BigInt64Array ? data : BigInt64Array.from(data, (value) => BigInt(whole(value)))),
  int32: (data) => Int32Array.from(data as Float32Array, whole),
};
