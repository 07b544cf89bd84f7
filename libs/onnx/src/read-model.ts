// Reads what a serialised ONNX model takes and gives, so that files of others can be run as they are.
import type { DType, RunnableModel, TensorInfo, WeightFile } from '@facewright/tensor';
import { joinRegions } from './build-model.ts';
import { err } from './op.ts';
import { ELEM_TYPE } from './ops/elementwise.ts';
import { decodeModel, type TensorProto, type ValueInfoProto } from './proto/messages.ts';

export const dtypeOf = new Map(Object.entries(ELEM_TYPE).map(([dtype, number]) => [number, dtype as DType]));

export function infoOf({ name = '', type }: ValueInfoProto, kind: string): TensorInfo {
  const tensor = type?.tensorType;
  const dtype = dtypeOf.get(Number(tensor?.elemType));
  if (!dtype)
    throw err.MALFORMED(
      `${kind} ${name}`,
      'a tensor of a known element type',
      tensor ? `type ${tensor.elemType ?? 'none'}` : 'another kind of value',
    );
  // a size of 0 or none is how exporters write one that they do not know; each gets a name of its own
  const shape = (tensor?.shape?.dim ?? []).map(({ dimValue = 0, dimParam }, axis) =>
    Number(dimValue) > 0 ? Number(dimValue) : dimParam || `${name}.${axis}`,
  );
  return { name, dtype, shape };
}

/** Where the data of an initializer lies when it is not in the model. Throws ONNX_MALFORMED for a path that leads out of the model's folder. */
export function locationOf({ name = '', dataLocation, externalData = [] }: TensorProto): string | undefined {
  if (Number(dataLocation ?? 0) !== 1) return undefined;
  const location = externalData.find(({ key }) => key === 'location')?.value;
  if (!location || /^([/\\]|[A-Za-z]:)/.test(location) || location.split(/[/\\]/).includes('..')) {
    throw err.MALFORMED(`initializer ${name}`, "a file in the model's folder", location ?? 'no location');
  }
  return location;
}

/** The bytes that are read of a file of external weights; nothing where a weight does not tell its length. */
function regionsIn(initializers: readonly TensorProto[], location: string): Pick<WeightFile, 'regions'> {
  const regions = initializers
    .filter((tensor) => locationOf(tensor) === location)
    .map(({ externalData = [] }) => {
      const number = (name: string) => Number(externalData.find(({ key }) => key === name)?.value ?? NaN);
      const from = number('offset') || 0;
      return [from, from + number('length')] as const;
    });
  return regions.some(([, to]) => Number.isNaN(to)) ? {} : { regions: joinRegions(regions) };
}

/**
 * A model ready to run, its bytes unchanged. `pathOf` says where on disk a file of external weights lies that the model names.
 * Throws ONNX_MALFORMED for bytes that are no ONNX model, for one without inputs or outputs, and for inputs that are no tensors.
 */
export function readModel(bytes: Uint8Array, pathOf: (location: string) => string): RunnableModel {
  const { graph } = decodeModel(bytes);
  if (!graph?.node?.length || !graph.output?.length) throw err.MALFORMED('model', 'a graph with nodes and outputs', 'none');
  const weights = new Set((graph.initializer ?? []).map(({ name }) => name));
  const locations = new Set((graph.initializer ?? []).map(locationOf).filter((location) => location !== undefined));
  return {
    bytes,
    // before IR version 4 every weight was an input as well
    inputs: (graph.input ?? []).filter(({ name }) => !weights.has(name)).map((value) => infoOf(value, 'input')),
    outputs: graph.output.map((value) => infoOf(value, 'output')),
    files: [...locations].map((location) => ({ location, path: pathOf(location), ...regionsIn(graph.initializer ?? [], location) })),
    memory: [],
  };
}
