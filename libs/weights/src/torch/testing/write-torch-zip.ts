// Files as torch.save writes them, for specs: a dictionary of tensors, whose numbers may be left out as a hole in the file.
import type { DType, Shape } from '@facewright/tensor';
import { sizeOf } from '@facewright/tensor';
import { open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';

export interface Written {
  readonly dtype: DType;
  readonly shape: Shape;
  /** Absent: a hole, which reads as zeros. */
  readonly data?: Uint8Array;
}

const storages: Partial<Record<DType, readonly [name: string, bytes: number]>> = {
  float32: ['FloatStorage', 4],
  float16: ['HalfStorage', 2],
  bfloat16: ['BFloat16Storage', 2],
  int64: ['LongStorage', 8],
};
const bytesOf = ({ dtype, shape }: Written) => sizeOf(shape) * storages[dtype]![1];

const u32 = (value: number) => Buffer.from(Uint32Array.of(value).buffer);
const text = (value: string) => {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from('X'), u32(bytes.length), bytes]);
};
const whole = (value: number) => Buffer.concat([Buffer.from('J'), u32(value)]);
const op = (codes: string) => Buffer.from(codes, 'latin1');
const tuple = (items: readonly Buffer[]) => Buffer.concat([op('('), ...items, op('t')]);

/** A call of torch's function that rebuilds a tensor from the storage of a key. */
function tensorPickle(tensor: Written, key: string): Buffer {
  const { shape, dtype } = tensor;
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const storage = tuple([text('storage'), op(`ctorch\n${storages[dtype]![0]}\n`), text(key), text('cpu'), whole(sizeOf(shape))]);
  return Buffer.concat([
    op('ctorch._utils\n_rebuild_tensor_v2\n('),
    storage,
    op('Q'),
    whole(0),
    tuple(shape.map(whole)),
    tuple(strides.map(whole)),
    op('\x89ccollections\nOrderedDict\n)RtR'),
  ]);
}

/** `under` wraps the tensors, as checkpoints of trainers do with 'state_dict'. `more` are further opcodes of pickle that leave one value, stored under 'more'. */
export async function writeTorchZip(
  path: string,
  tensors: ReadonlyMap<string, Written>,
  { under, more }: { readonly under?: string; readonly more?: string } = {},
): Promise<void> {
  const items = [...tensors].flatMap(([name, tensor], i) => [text(name), tensorPickle(tensor, String(i))]);
  const dictionary = Buffer.concat([op('}('), ...items, ...(more ? [text('more'), op(more)] : []), op('u')]);
  const pickle = Buffer.concat([op('\x80\x02'), ...(under ? [op('}('), text(under), dictionary, op('u')] : [dictionary]), op('.')]);
  const entries = [
    { name: 'archive/data.pkl', size: pickle.length, data: pickle as Uint8Array | undefined },
    ...[...tensors.values()].map((tensor, i) => ({ name: `archive/data/${i}`, size: bytesOf(tensor), data: tensor.data })),
  ];
  const handle = await open(path, 'w');
  try {
    let at = 0;
    const directory: Buffer[] = [];
    for (const { name, size, data } of entries) {
      const crc = data ? crc32(data) : 0;
      const common = Buffer.concat([
        op('\x14\0\0\0\0\0\0\0\0\0'),
        u32(crc),
        u32(size),
        u32(size),
        op(String.fromCharCode(name.length)),
        op('\0\0\0'),
      ]);
      const header = Buffer.concat([op('PK\x03\x04'), common, op(name)]);
      await handle.write(header, 0, header.length, at);
      if (data) await handle.write(data, 0, data.length, at + header.length);
      directory.push(Buffer.concat([op('PK\x01\x02\x14\0'), common, op('\0\0\0\0\0\0\0\0\0\0'), u32(at), op(name)]));
      at += header.length + size;
    }
    const central = Buffer.concat(directory);
    const count = Buffer.from(Uint16Array.of(entries.length).buffer);
    const end = Buffer.concat([op('PK\x05\x06\0\0\0\0'), count, count, u32(central.length), u32(at), op('\0\0')]);
    await handle.write(Buffer.concat([central, end]), 0, central.length + end.length, at);
  } finally {
    await handle.close();
  }
}
