// What a serialised ONNX model says of itself, without running it.
import type { DType, TensorInfo } from '@facewright/tensor';
import { err } from './op.ts';
import { decodeModel, type ModelProto } from './proto/messages.ts';
import { dtypeOf, infoOf, locationOf } from './read-model.ts';

export interface ModelDescription {
  readonly irVersion: number;
  /** Version by domain; '' is ai.onnx. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly producer: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly nodes: readonly {
    readonly name: string;
    readonly op: string;
    readonly domain: string;
    readonly inputs: readonly string[];
    readonly outputs: readonly string[];
  }[];
  /** `dtype` is null for element types this project has no tensors of; `location` is the file of external data. */
  readonly initializers: readonly {
    readonly name: string;
    readonly dtype: DType | null;
    readonly shape: readonly number[];
    readonly location: string | null;
  }[];
  /** The whole message, which `encodeModel` writes again. */
  readonly proto: ModelProto;
}

/** Throws ONNX_MALFORMED, naming the byte or the part, for bytes that are no ONNX model. */
export function describeModel(bytes: Uint8Array): ModelDescription {
  const proto = decodeModel(bytes);
  const { graph } = proto;
  if (!graph) throw err.MALFORMED('model', 'a graph', 'none');
  const nodes = (graph.node ?? []).map(({ name = '', opType, domain = '', input = [], output = [] }) => {
    if (!opType) throw err.MALFORMED(`node ${name}`, 'an operator', 'none');
    return { name, op: opType, domain, inputs: input, outputs: output };
  });
  const initializers = (graph.initializer ?? []).map((tensor) => {
    const shape = (tensor.dims ?? []).map(Number);
    if (shape.some((size) => size < 0))
      throw err.MALFORMED(`initializer ${tensor.name ?? ''}`, 'sizes of 0 or more', `[${shape.join(', ')}]`);
    return { name: tensor.name ?? '', dtype: dtypeOf.get(Number(tensor.dataType)) ?? null, shape, location: locationOf(tensor) ?? null };
  });
  const weights = new Set(initializers.map(({ name }) => name));
  return {
    irVersion: Number(proto.irVersion ?? 0),
    opsets: Object.fromEntries((proto.opsetImport ?? []).map(({ domain = '', version = 0 }) => [domain, Number(version)])),
    producer: proto.producerName ?? '',
    metadata: Object.fromEntries((proto.metadataProps ?? []).map(({ key = '', value = '' }) => [key, value])),
    inputs: (graph.input ?? []).filter(({ name }) => !weights.has(name ?? '')).map((value) => infoOf(value, 'input')),
    outputs: (graph.output ?? []).map((value) => infoOf(value, 'output')),
    nodes,
    initializers,
    proto,
  };
}
