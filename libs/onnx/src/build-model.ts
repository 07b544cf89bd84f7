// Writes a graph of values as an ONNX ModelProto, with large weights left where they are.
import { int64, scalar, type RunnableModel, type Tensor, type TensorInfo } from '@facewright/tensor';
import { err, type Encoded, type Op } from './op.ts';
import { ELEM_TYPE } from './ops/elementwise.ts';
import { ops } from './ops/index.ts';
import { encodeModel, type AttributeProto, type NodeProto, type TensorProto, type ValueInfoProto } from './proto/messages.ts';
import { inOrder } from './traverse.ts';
import type { GraphNode, Source, Value } from './value.ts';

const OPSET = 21;
const IR_VERSION = 10;
/** From this size on a weight in memory travels beside the graph instead of in it: protobuf cannot exceed 2 GiB. */
const INLINE_LIMIT = 1024;
/** Covers the vector loads of every provider. */
const ALIGNMENT = 64;
const MEMORY_LOCATION = 'memory.weights';
/** Attributes that ONNX defines as float; other numbers are int. A protobuf attribute names its type, a JavaScript number does not. */
const FLOAT_ATTRIBUTES: ReadonlySet<string> = new Set(['alpha', 'beta', 'epsilon', 'scale']);

const utf8 = new TextEncoder();
const bytesOf = ({ data }: Tensor): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

function attribute(name: string, value: unknown): AttributeProto | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'boolean') return { name, i: value ? 1 : 0, type: 2 };
  if (typeof value === 'string') return { name, s: utf8.encode(value), type: 3 };
  if (typeof value === 'number') return FLOAT_ATTRIBUTES.has(name) ? { name, f: value, type: 1 } : { name, i: value, type: 2 };
  return { name, ints: value as number[], type: 7 };
}

/** Attributes that ONNX takes as inputs become constants, the others stay attributes. */
function encodeByTable({ attrInputs }: Op<Record<string, unknown>>, node: GraphNode): Encoded {
  const asInputs = (attrInputs ?? []).map((key) => {
    const value = key === null ? undefined : node.attrs[key];
    if (value === undefined) return null;
    if (Array.isArray(value)) return int64([value.length], value as number[]);
    return scalar(value as number);
  });
  const attributes = Object.entries(node.attrs).filter(([key]) => !attrInputs?.includes(key));
  return { inputs: asInputs, attributes: Object.fromEntries(attributes) as NonNullable<Encoded['attributes']> };
}

const valueInfo = (name: string, { dtype, shape }: Value): ValueInfoProto => ({
  name,
  type: { tensorType: { elemType: ELEM_TYPE[dtype], shape: { dim: shape.map((dimValue) => ({ dimValue })) } } },
});

/** Names that are each given once: `base`, `base_2`, `base_3`, … */
class Names {
  readonly #taken = new Set<string>();
  readonly #next = new Map<string, number>();
  fresh(base: string): string {
    let name = base;
    for (let index = this.#next.get(base) ?? 2; this.#taken.has(name); index++) {
      name = `${base}_${index}`;
      this.#next.set(base, index + 1);
    }
    this.#taken.add(name);
    return name;
  }
}

/** Collects initializers: each tensor once, small ones inside the graph, large ones beside it. */
class Initializers {
  readonly protos: TensorProto[] = [];
  readonly files = new Map<string, { readonly location: string; readonly regions: [number, number][] }>();
  readonly #names: Names;
  readonly #known = new Map<string, string>();
  readonly #buffers = new Map<ArrayBufferLike, number>();
  readonly #memory: Uint8Array[] = [];
  #memoryLength = 0;
  readonly #locations = new Names();

  /** Bytes up to which weights in memory stay inside the graph. */
  readonly #inlineLimit: number;

  constructor(names: Names, inlineLimit: number) {
    this.#names = names;
    this.#inlineLimit = inlineLimit;
    this.#locations.fresh(MEMORY_LOCATION);
  }

  constant(tensor: Tensor, base = tensor.dims.length === 0 ? `${tensor.data[0]}` : 'constant'): string {
    const raw = bytesOf(tensor);
    // Contents tell small constants apart, place in memory large ones.
    const content = raw.length <= ALIGNMENT ? raw.join() : `@${this.#bufferId(tensor.data.buffer)}+${tensor.data.byteOffset}`;
    return this.#once(`constant ${tensor.dtype} ${tensor.dims.join()} ${content}`, base, (name) => ({
      ...this.#header(name, tensor),
      rawData: raw,
    }));
  }

  parameter(source: Extract<Source, { kind: 'parameter' }>, value: Value): string {
    const { name: base, data } = source;
    const info = { dtype: value.dtype, dims: value.shape };
    if (data.kind === 'file') {
      return this.#once(`file ${base} ${data.file} ${data.offset} ${data.length} ${value.dtype} ${value.shape.join()}`, base, (name) => ({
        ...this.#header(name, info),
        ...external(this.#place(data.file, data.offset, data.length), data.offset, data.length),
      }));
    }
    const { tensor } = data;
    const raw = bytesOf(tensor);
    const place = `memory ${base} ${value.dtype} ${value.shape.join()} ${this.#bufferId(tensor.data.buffer)} ${tensor.data.byteOffset}`;
    return this.#once(place, base, (name) => {
      if (raw.length <= this.#inlineLimit) return { ...this.#header(name, info), rawData: raw };
      const offset = Math.ceil(this.#memoryLength / ALIGNMENT) * ALIGNMENT;
      this.#memory.push(new Uint8Array(offset - this.#memoryLength), raw);
      this.#memoryLength = offset + raw.length;
      return { ...this.#header(name, info), ...external(MEMORY_LOCATION, offset, raw.length) };
    });
  }

  memory(): RunnableModel['memory'] {
    if (this.#memoryLength === 0) return [];
    const data = new Uint8Array(this.#memoryLength);
    let offset = 0;
    for (const piece of this.#memory) {
      data.set(piece, offset);
      offset += piece.length;
    }
    return [{ location: MEMORY_LOCATION, data }];
  }

  #header(name: string, { dtype, dims }: Pick<Tensor, 'dtype' | 'dims'>): TensorProto {
    return { name, dims: [...dims], dataType: ELEM_TYPE[dtype] };
  }
  #once(key: string, base: string, make: (name: string) => TensorProto): string {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const name = this.#names.fresh(base);
    this.#known.set(key, name);
    this.protos.push(make(name));
    return name;
  }
  #bufferId(buffer: ArrayBufferLike): number {
    const known = this.#buffers.get(buffer) ?? this.#buffers.size;
    this.#buffers.set(buffer, known);
    return known;
  }
  /** The plain name under which the graph refers to a file, for onnxruntime refuses paths; notes which bytes of it are read. */
  #place(path: string, offset: number, length: number): string {
    const file = this.files.get(path) ?? { location: this.#locations.fresh(path.split(/[/\\]/).at(-1)!), regions: [] };
    this.files.set(path, file);
    file.regions.push([offset, offset + length]);
    return file.location;
  }
}
const external = (location: string, offset: number, length: number): TensorProto => ({
  dataLocation: 1,
  externalData: [
    { key: 'location', value: location },
    { key: 'offset', value: `${offset}` },
    { key: 'length', value: `${length}` },
  ],
});

export interface BuildOptions {
  /** Inputs of the model whether an output needs them or not. */
  readonly inputs?: readonly Value[];
  /** Weights in memory stay inside the graph however large, so that `bytes` is a file of its own; at most 2 GiB. */
  readonly inline?: boolean;
}

/**
 * Serialises the graph of `outputs` as an ONNX model (opset 21 and com.microsoft 1). Inputs are `options.inputs`, used or not, then those
 * reached from the outputs. Parameters in files become external data at their offset; large ones in memory go into `memory`.
 * Throws ONNX_NAME when two different inputs have one name.
 */
export function buildModel(outputs: Readonly<Record<string, Value>>, options: BuildOptions = {}): RunnableModel {
  const order = inOrder([...(options.inputs ?? []), ...Object.values(outputs)]);
  const names = new Names();
  const nameOf = new Map<Value, string>();
  const inputs: Value[] = [];
  for (const value of order) {
    if (value.source.kind !== 'input') continue;
    const { name } = value.source;
    if (names.fresh(name) !== name) throw err.NAME(`input ${name}`, 'one value of this name', 'two different ones');
    nameOf.set(value, name);
    inputs.push(value);
  }
  // An output that is an input, a weight or another output as well gets a node of its own.
  const renamed: NodeProto[] = [];
  const outputEntries = Object.entries(outputs);
  for (const [name, value] of outputEntries) {
    if (names.fresh(name) !== name) throw err.NAME(`output ${name}`, 'a name that no input has', 'the name of an input');
    if (value.source.kind === 'node' && !nameOf.has(value)) nameOf.set(value, name);
  }

  const initializers = new Initializers(names, options.inline ? Infinity : INLINE_LIMIT);
  const nodes: NodeProto[] = [];
  const written = new Set<GraphNode>();
  const used = new Map<string, number>();
  for (const value of order) {
    const { source } = value;
    if (source.kind === 'constant') nameOf.set(value, initializers.constant(source.tensor));
    if (source.kind === 'parameter') nameOf.set(value, initializers.parameter(source, value));
    if (source.kind !== 'node' || written.has(source.node)) continue;
    const { node } = source;
    written.add(node);
    const { domain, ...definition } = ops[node.op as keyof typeof ops] as Op<Record<string, unknown>>;
    const { inputs: trailing = [], attributes = {} } =
      definition.encode?.(node.attrs, node) ?? encodeByTable(definition as Op<Record<string, unknown>>, node);
    const dtype = node.inputs.find((operand) => operand !== null)?.dtype ?? 'float32';
    const operandNames = [
      ...node.inputs.map((operand) => (operand ? nameOf.get(operand)! : '')),
      ...trailing.map((tensor) => (tensor ? initializers.constant(tensor.dtype === 'float32' ? inType(tensor, dtype) : tensor) : '')),
    ];
    while (operandNames.at(-1) === '') operandNames.pop();
    const count = (used.get(node.op) ?? 0) + 1;
    used.set(node.op, count);
    const base = `${node.op}_${count}`;
    for (const [index, output] of node.outputs.entries()) {
      if (!nameOf.has(output)) nameOf.set(output, names.fresh(node.outputs.length === 1 ? base : `${base}.${index}`));
    }
    nodes.push({
      name: base,
      opType: node.op,
      ...(domain && { domain }),
      input: operandNames,
      output: node.outputs.map((output) => nameOf.get(output)!),
      attribute: Object.entries(attributes)
        .map(([key, value]) => attribute(key, value))
        .filter((proto) => proto !== undefined),
    });
  }
  for (const [name, value] of outputEntries) {
    const from = nameOf.get(value)!;
    if (from !== name) renamed.push({ name, opType: 'Identity', input: [from], output: [name], attribute: [] });
  }

  const info = (name: string, { dtype, shape }: Value): TensorInfo => ({ name, dtype, shape });
  return {
    bytes: encodeModel({
      irVersion: IR_VERSION,
      producerName: 'facewright',
      opsetImport: [
        { domain: '', version: OPSET },
        { domain: 'com.microsoft', version: 1 },
      ],
      graph: {
        name: 'facewright',
        node: [...nodes, ...renamed],
        initializer: initializers.protos,
        input: inputs.map((value) => valueInfo(nameOf.get(value)!, value)),
        output: outputEntries.map(([name, value]) => valueInfo(name, value)),
      },
    }),
    inputs: inputs.map((value) => info(nameOf.get(value)!, value)),
    outputs: outputEntries.map(([name, value]) => info(name, value)),
    files: [...initializers.files].map(([path, { location, regions }]) => ({ location, path, regions: joinRegions(regions) })),
    memory: initializers.memory(),
  };
}

/** In order, those that touch or overlap as one. */
export function joinRegions(regions: readonly (readonly [number, number])[]): [number, number][] {
  const joined: [number, number][] = [];
  for (const [from, to] of regions.toSorted((a, b) => a[0] - b[0])) {
    const last = joined.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else joined.push([from, to]);
  }
  return joined;
}

/** Pad and Clip take their numbers in the element type of the operand. */
function inType(tensor: Tensor, dtype: Value['dtype']): Tensor {
  const value = Number(tensor.data[0]);
  switch (dtype) {
    case 'float64':
      return { dtype, dims: [], data: Float64Array.of(value) };
    case 'int64':
      return { dtype, dims: [], data: BigInt64Array.of(BigInt(value)) };
    case 'int32':
      return { dtype, dims: [], data: Int32Array.of(value) };
    case 'float16':
      return { dtype, dims: [], data: new Uint16Array(Float16Array.of(value).buffer) };
    case 'float32':
      return tensor;
    default:
      throw err.SHAPE('attribute', 'a number in float32, float16, float64, int32 or int64', dtype);
  }
}
