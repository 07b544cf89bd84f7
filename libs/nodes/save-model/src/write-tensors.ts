// Writes a file of tensors into the output folder of the run, with progress, and stops between parts when the run is cancelled.
import type { NodeContext } from '@facewright/core';
import { byteSize, sizeOf } from '@facewright/tensor';
import { safetensorsParts, torchParts, type WrittenTensor } from '@facewright/weights';

/** A .pt file for an ending of that name, else safetensors with the metadata. Logs where it lies. Throws what the tensors' sources and the disk say; the file is there whole or not at all. */
export async function writeTensors(
  file: string,
  tensors: ReadonlyMap<string, WrittenTensor>,
  ctx: NodeContext,
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): Promise<void> {
  const total = [...tensors.values()].reduce((sum, t) => sum + byteSize(t.dtype) * sizeOf('kind' in t ? t.shape : t.dims), 0);
  const parts = file.endsWith('.pt') ? torchParts(tensors) : safetensorsParts(tensors, metadata);
  async function* watched() {
    let done = 0;
    for await (const part of parts) {
      ctx.signal.throwIfAborted();
      ctx.progress(Math.min(total, (done += part.byteLength)), total);
      yield part;
    }
  }
  ctx.log('info', `wrote ${await ctx.files.write(file, watched())}`);
}

/** A JSON file as people read it. */
export async function writeJson(file: string, value: unknown, ctx: NodeContext): Promise<void> {
  await ctx.files.write(file, new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`));
}

/** A file in a folder that may be none. */
export const inFolder = (folder: string, file: string): string => (folder === '' ? file : `${folder}/${file}`);
