// The ONNX messages as tables of fields, from which one writer and one reader work. Numbers are those of onnx.proto (IR version 10).
// Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
import { err } from '../op.ts';
import { Reader, WIRE, Writer } from './wire.ts';

/** A number where it is exact, a bigint beyond 2^53. */
export type Int64 = number | bigint;

/** Fields that the table below does not name, tag included, kept so that a file can be written again as it was. */
interface Unknown {
  unknown?: Uint8Array[];
}
export interface StringEntry extends Unknown {
  key?: string;
  value?: string;
}
export interface TensorProto extends Unknown {
  dims?: Int64[];
  dataType?: Int64;
  floatData?: number[];
  int32Data?: Int64[];
  stringData?: Uint8Array[];
  int64Data?: Int64[];
  name?: string;
  rawData?: Uint8Array;
  doubleData?: number[];
  uint64Data?: Int64[];
  docString?: string;
  externalData?: StringEntry[];
  dataLocation?: Int64;
}
export interface AttributeProto extends Unknown {
  name?: string;
  f?: number;
  i?: Int64;
  s?: Uint8Array;
  t?: TensorProto;
  g?: GraphProto;
  floats?: number[];
  ints?: Int64[];
  strings?: Uint8Array[];
  tensors?: TensorProto[];
  graphs?: GraphProto[];
  docString?: string;
  type?: Int64;
  refAttrName?: string;
}
export interface NodeProto extends Unknown {
  input?: string[];
  output?: string[];
  name?: string;
  opType?: string;
  attribute?: AttributeProto[];
  docString?: string;
  domain?: string;
}
export interface DimensionProto extends Unknown {
  dimValue?: Int64;
  dimParam?: string;
}
export interface TensorTypeProto extends Unknown {
  elemType?: Int64;
  shape?: { dim?: DimensionProto[] } & Unknown;
}
export interface ValueInfoProto extends Unknown {
  name?: string;
  type?: { tensorType?: TensorTypeProto } & Unknown;
  docString?: string;
}
export interface GraphProto extends Unknown {
  node?: NodeProto[];
  name?: string;
  initializer?: TensorProto[];
  docString?: string;
  input?: ValueInfoProto[];
  output?: ValueInfoProto[];
  valueInfo?: ValueInfoProto[];
}
export interface ModelProto extends Unknown {
  irVersion?: Int64;
  producerName?: string;
  producerVersion?: string;
  domain?: string;
  modelVersion?: Int64;
  docString?: string;
  graph?: GraphProto;
  opsetImport?: ({ domain?: string; version?: Int64 } & Unknown)[];
  metadataProps?: StringEntry[];
}

type Scalar = 'int64' | 'float' | 'double' | 'string' | 'bytes';
type MessageName = keyof typeof messages;
interface Field {
  readonly key: string;
  readonly type: Scalar | { readonly message: string };
  readonly repeated?: true;
}
const one = (key: string, type: Scalar): Field => ({ key, type });
const many = (key: string, type: Scalar): Field => ({ key, type, repeated: true });
const child = (key: string, message: string): Field => ({ key, type: { message } });
const children = (key: string, message: string): Field => ({ key, type: { message }, repeated: true });

// prettier-ignore
const messages = {
  Model: {
    1: one('irVersion', 'int64'), 2: one('producerName', 'string'), 3: one('producerVersion', 'string'), 4: one('domain', 'string'),
    5: one('modelVersion', 'int64'), 6: one('docString', 'string'), 7: child('graph', 'Graph'), 8: children('opsetImport', 'OperatorSet'),
    14: children('metadataProps', 'StringEntry'),
  },
  OperatorSet: { 1: one('domain', 'string'), 2: one('version', 'int64') },
  StringEntry: { 1: one('key', 'string'), 2: one('value', 'string') },
  Graph: {
    1: children('node', 'Node'), 2: one('name', 'string'), 5: children('initializer', 'Tensor'), 10: one('docString', 'string'),
    11: children('input', 'ValueInfo'), 12: children('output', 'ValueInfo'), 13: children('valueInfo', 'ValueInfo'),
  },
  Node: {
    1: many('input', 'string'), 2: many('output', 'string'), 3: one('name', 'string'), 4: one('opType', 'string'),
    5: children('attribute', 'Attribute'), 6: one('docString', 'string'), 7: one('domain', 'string'),
  },
  Attribute: {
    1: one('name', 'string'), 2: one('f', 'float'), 3: one('i', 'int64'), 4: one('s', 'bytes'), 5: child('t', 'Tensor'), 6: child('g', 'Graph'),
    7: many('floats', 'float'), 8: many('ints', 'int64'), 9: many('strings', 'bytes'), 10: children('tensors', 'Tensor'),
    11: children('graphs', 'Graph'), 13: one('docString', 'string'), 20: one('type', 'int64'), 21: one('refAttrName', 'string'),
  },
  Tensor: {
    1: many('dims', 'int64'), 2: one('dataType', 'int64'), 4: many('floatData', 'float'), 5: many('int32Data', 'int64'), 6: many('stringData', 'bytes'),
    7: many('int64Data', 'int64'), 8: one('name', 'string'), 9: one('rawData', 'bytes'), 10: many('doubleData', 'double'),
    11: many('uint64Data', 'int64'), 12: one('docString', 'string'), 13: children('externalData', 'StringEntry'), 14: one('dataLocation', 'int64'),
  },
  ValueInfo: { 1: one('name', 'string'), 2: child('type', 'Type'), 3: one('docString', 'string') },
  Type: { 1: child('tensorType', 'TensorType') },
  TensorType: { 1: one('elemType', 'int64'), 2: child('shape', 'TensorShape') },
  TensorShape: { 1: children('dim', 'Dimension') },
  Dimension: { 1: one('dimValue', 'int64'), 2: one('dimParam', 'string') },
} satisfies Record<string, Record<number, Field>>;

type Plain = Record<string, unknown>;
const fieldsOf = (message: string): Readonly<Record<number, Field>> => messages[message as MessageName];
const wireOf = (type: Field['type']): number =>
  type === 'int64' ? WIRE.varint : type === 'float' ? WIRE.fixed32 : type === 'double' ? WIRE.fixed64 : WIRE.bytes;
const isPackable = (type: Field['type']): boolean => type === 'int64' || type === 'float' || type === 'double';

function writeScalar(writer: Writer, type: Scalar, value: unknown): void {
  switch (type) {
    case 'int64':
      return writer.varint(value as Int64);
    case 'float':
      return writer.float(value as number);
    case 'double':
      return writer.double(value as number);
    case 'string':
      return writer.string(value as string);
    case 'bytes':
      return writer.bytes(value as Uint8Array);
  }
}

function encode(message: string, value: Plain): Uint8Array {
  const writer = new Writer();
  for (const [number, { key, type, repeated }] of Object.entries(fieldsOf(message))) {
    const field = value[key];
    if (field === undefined) continue;
    if (repeated && isPackable(type)) {
      const packed = new Writer();
      for (const item of field as unknown[]) writeScalar(packed, type as Scalar, item);
      writer.tag(Number(number), WIRE.bytes);
      writer.bytes(packed.finish());
      continue;
    }
    for (const item of repeated ? (field as unknown[]) : [field]) {
      writer.tag(Number(number), wireOf(type));
      if (typeof type === 'object') writer.bytes(encode(type.message, item as Plain));
      else writeScalar(writer, type, item);
    }
  }
  for (const bytes of (value['unknown'] as Uint8Array[] | undefined) ?? []) writer.raw(bytes);
  return writer.finish();
}

/** ONNX nests graphs in attributes of control flow; a file that goes deeper than this is not a model. */
const MAX_DEPTH = 64;

function readScalar(reader: Reader, type: Scalar): unknown {
  switch (type) {
    case 'int64':
      return reader.varint();
    case 'float':
      return reader.float();
    case 'double':
      return reader.double();
    case 'string':
      return reader.string();
    case 'bytes':
      return reader.bytes().bytes;
  }
}

function skip(reader: Reader, wire: number, where: string): void {
  switch (wire) {
    case WIRE.varint:
      reader.varint();
      return;
    case WIRE.fixed64:
      reader.raw(8);
      return;
    case WIRE.bytes:
      reader.bytes();
      return;
    case WIRE.fixed32:
      reader.raw(4);
      return;
    default:
      throw err.MALFORMED(where, 'a wire type 0, 1, 2 or 5', `${wire}`);
  }
}

function decode(message: string, bytes: Uint8Array, origin: number, depth: number): Plain {
  if (depth > MAX_DEPTH) throw err.MALFORMED(`byte ${origin}`, `at most ${MAX_DEPTH} nested messages`, 'more');
  const reader = new Reader(bytes, origin);
  const fields = fieldsOf(message);
  const value: Plain = {};
  while (!reader.done) {
    const start = reader.position;
    const where = `byte ${reader.offset} (${message})`;
    const tag = reader.varint();
    if (typeof tag !== 'number' || tag < 8) throw err.MALFORMED(where, 'a field tag', `${tag}`);
    const number = Math.floor(tag / 8);
    const wire = tag % 8;
    const field = fields[number];
    if (!field) {
      skip(reader, wire, where);
      ((value['unknown'] ??= []) as Uint8Array[]).push(bytes.subarray(start, reader.position));
      continue;
    }
    const { key, type, repeated } = field;
    if (repeated && isPackable(type) && wire === WIRE.bytes) {
      const packed = reader.bytes();
      const inner = new Reader(packed.bytes, packed.origin);
      const list = (value[key] ??= []) as unknown[];
      while (!inner.done) list.push(readScalar(inner, type as Scalar));
      continue;
    }
    if (wire !== wireOf(type)) throw err.MALFORMED(where, `wire type ${wireOf(type)} for ${key}`, `${wire}`);
    let item: unknown;
    if (typeof type === 'object') {
      const nested = reader.bytes();
      item = decode(type.message, nested.bytes, nested.origin, depth + 1);
    } else item = readScalar(reader, type);
    if (repeated) ((value[key] ??= []) as unknown[]).push(item);
    else value[key] = item;
  }
  return value;
}

/** Serialises a model. Nothing is checked but the field types, which the compiler checks. */
export const encodeModel = (model: ModelProto): Uint8Array => encode('Model', model as Plain);

/** Parses a model; byte fields are views into `bytes`. Throws ONNX_MALFORMED with the byte offset. */
export const decodeModel = (bytes: Uint8Array): ModelProto => decode('Model', bytes, 0, 0) as ModelProto;
