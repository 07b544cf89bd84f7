// Safetensors files of full size without numbers, for specs: a header, and a hole that takes no room on the disk.
import type { DType, Shape } from '@facewright/tensor';
import { sizeOf } from '@facewright/tensor';
import { open } from 'node:fs/promises';

const codes: Partial<Record<DType, readonly [code: string, bytes: number]>> = {
  float32: ['F32', 4],
  float16: ['F16', 2],
  bfloat16: ['BF16', 2],
};

/** All tensors read as zeros of `dtype`. */
export async function writeHoles(path: string, shapes: Iterable<readonly [name: string, shape: Shape]>, dtype: DType): Promise<void> {
  const [code, bytes] = codes[dtype]!;
  let end = 0;
  const header = Object.fromEntries(
    [...shapes].map(([name, shape]) => {
      const begin = end;
      end += bytes * sizeOf(shape);
      return [name, { dtype: code, shape, data_offsets: [begin, end] }];
    }),
  );
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.from(BigUint64Array.of(BigInt(text.length)).buffer);
  const handle = await open(path, 'w');
  try {
    await handle.write(Buffer.concat([length, text]));
    await handle.truncate(8 + text.length + end);
  } finally {
    await handle.close();
  }
}
