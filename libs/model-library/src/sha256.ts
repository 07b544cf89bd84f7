// The SHA-256 of a file of any size.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** Lower-case hexadecimal. `onProgress` is told the bytes read so far. Rejects with the reason of the signal, or with what the file system says. */
export async function sha256OfFile(
  path: string,
  { onProgress, signal }: { readonly onProgress?: (bytes: number) => void; readonly signal?: AbortSignal } = {},
): Promise<string> {
  const hash = createHash('sha256');
  let done = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20, ...(signal && { signal }) }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    onProgress?.((done += chunk.length));
  }
  return hash.digest('hex');
}
