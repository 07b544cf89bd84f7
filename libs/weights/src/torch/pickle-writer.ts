// The pickle of a state dict, as torch.save writes it: an OrderedDict of tensors, each a view of a storage of its own.
import { sizeOf, type DType, type Shape } from '@facewright/tensor';

/** Storage types of PyTorch by element type; others have none that older versions read. */
export const storageNames: Partial<Readonly<Record<DType, string>>> = {
  float32: 'FloatStorage',
  float16: 'HalfStorage',
  bfloat16: 'BFloat16Storage',
  float64: 'DoubleStorage',
  int64: 'LongStorage',
  int32: 'IntStorage',
  int8: 'CharStorage',
  uint8: 'ByteStorage',
  bool: 'BoolStorage',
};

const codes = (text: string): Buffer => Buffer.from(text, 'latin1');
function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
const text = (value: string): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([codes('X'), uint32(bytes.length), bytes]);
};
/** BININT where it fits, LONG1 of eight bytes beyond. */
function whole(value: number): Buffer {
  if (value < 2 ** 31) return Buffer.concat([codes('J'), uint32(value)]);
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(value));
  return Buffer.concat([codes('\x8a\x08'), bytes]);
}
const tuple = (items: readonly Buffer[]): Buffer => Buffer.concat([codes('('), ...items, codes('t')]);
const orderedDict = codes('ccollections\nOrderedDict\n)R');

/** _rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks). */
function tensor(key: string, dtype: DType, shape: Shape): Buffer {
  const storage = tuple([text('storage'), codes(`ctorch\n${storageNames[dtype]}\n`), text(key), text('cpu'), whole(sizeOf(shape))]);
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  return Buffer.concat([
    codes('ctorch._utils\n_rebuild_tensor_v2\n('),
    storage,
    codes('Q'),
    whole(0),
    tuple(shape.map(whole)),
    tuple(strides.map(whole)),
    codes('\x89'),
    orderedDict,
    codes('tR'),
  ]);
}

/** Protocol 2; the storage of entry number i has the key i. Row-major tensors of types that storageNames has. */
export function stateDictPickle(entries: readonly { readonly name: string; readonly dtype: DType; readonly shape: Shape }[]): Buffer {
  const items = entries.flatMap(({ name, dtype, shape }, i) => [text(name), tensor(String(i), dtype, shape)]);
  return Buffer.concat([codes('\x80\x02'), orderedDict, codes('('), ...items, codes('u.')]);
}
