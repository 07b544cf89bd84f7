// Opens any weight file, told apart by what it holds and not by its ending.
import { extname } from 'node:path';
import { err } from './errors.ts';
import { openFile, readBytes } from './file-bytes.ts';
import { readSafetensorsHeader } from './safetensors/read.ts';
import type { StoredTensor } from './stored-tensor.ts';
import { openTorch } from './torch/open-torch.ts';

export interface TensorFile {
  readonly format: 'safetensors' | 'torch-zip' | 'torch-legacy';
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Texts and numbers that the file keeps beside its tensors. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * The tensors of a .safetensors file or of one that PyTorch saved (.ckpt, .pt, .pth, .bin): nothing is run, and nothing is read but where they are, except for tensors whose rows do not follow each other.
 * Of a PyTorch file the tensors are those of `state_dict`, `params_ema`, `params` or `model` where one of these holds them; dictionaries within are joined by dots.
 * Throws WEIGHTS_UNREADABLE, WEIGHTS_SAFETENSORS or WEIGHTS_TORCH for damaged files with all problems, WEIGHTS_PICKLE for one that asks for more than data, WEIGHTS_FORMAT for other files.
 */
export async function openTensorFile(file: string): Promise<TensorFile> {
  const handle = await openFile(file);
  try {
    const head = await readBytes(handle, 0, 16);
    const format = formatOf(head);
    if (format === 'torch-zip' || format === 'torch-legacy') return { format, ...(await openTorch(file, handle, format)) };
    // a web page, or a pointer to a file that git did not fetch
    const readable = /^[\t\n\r\x20-\x7e]{8,}$/.test(head.toString('latin1'));
    if (format === undefined && readable) throw err.FORMAT(file, `text that begins with ${JSON.stringify(head.toString('latin1'))}`);
    if (format === undefined && extname(file) !== '.safetensors')
      throw err.FORMAT(file, head.length === 0 ? 'an empty file' : `one that begins with ${head.toString('hex', 0, 8)}`);
  } finally {
    await handle.close();
  }
  return { format: 'safetensors', ...(await readSafetensorsHeader(file)) };
}

function formatOf(head: Buffer): TensorFile['format'] | undefined {
  // The header of a safetensors file begins after its length, which is far below 2^32.
  if (head.length > 8 && head[8] === 0x7b && head.readUInt32LE(4) === 0) return 'safetensors';
  if (head.toString('latin1', 0, 4) === 'PK\x03\x04') return 'torch-zip';
  if (head[0] === 0x80 && head[1]! <= 5) return 'torch-legacy';
  return undefined;
}
