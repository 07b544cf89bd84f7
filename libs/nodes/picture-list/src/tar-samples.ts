// Samples of a webdataset shard: files that follow each other in a tar and have one name and different endings. Read as a stream, so that one sample is in memory.
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import type { NodeContext } from '@facewright/core';
import { extract, type Entry } from 'tar-stream';

const partBytes = 2 ** 20;

export interface Sample {
  readonly key: string;
  /** Wanted files by their endings, in lower case. One that is too large has its size instead. */
  readonly files: ReadonlyMap<string, Uint8Array | number>;
  /** Bytes of the shard that were read when it ended. */
  readonly done: number;
}
/** Where and why a shard cannot be read further. */
export interface Break {
  readonly problem: string;
  readonly done: number;
}

/** The key of a sample is the path up to the first dot of the file's name, its ending is what follows. */
function nameParts(path: string): readonly [key: string, ending: string] {
  const name = basename(path);
  const dot = name.indexOf('.');
  if (dot <= 0) return [path, ''];
  return [path.slice(0, path.length - name.length + dot), name.slice(dot + 1).toLowerCase()];
}

export async function* samplesOf(
  path: string,
  { endings, mostBytes }: { readonly endings: ReadonlySet<string>; readonly mostBytes: number },
  ctx: NodeContext,
): AsyncGenerator<Sample | Break> {
  const size = await ctx.files.size(path);
  let read = 0;
  const parts = async function* () {
    while (read < size) {
      ctx.signal.throwIfAborted();
      const part = await ctx.files.part(path, read, Math.min(size, read + partBytes));
      read += part.length;
      yield part;
    }
  };
  const source = Readable.from(parts(), { objectMode: false });
  const entries = extract();
  source.on('error', (error) => entries.destroy(error));
  source.pipe(entries);
  let [key, files] = ['', new Map<string, Uint8Array | number>()];
  let last = '';
  try {
    for await (const entry of entries) {
      const { name, type, size: bytes = 0 } = entry.header;
      last = name;
      const [sample, ending] = nameParts(name);
      if (type !== 'file' || ending === '' || basename(name).startsWith('.')) {
        entry.resume();
        continue;
      }
      if (sample !== key && files.size > 0) {
        yield { key, files, done: read };
        files = new Map();
      }
      key = sample;
      if (!endings.has(ending) || bytes > mostBytes) {
        if (endings.has(ending)) files.set(ending, bytes);
        entry.resume();
      } else files.set(ending, await bytesOf(entry));
    }
    if (files.size > 0) yield { key, files, done: size };
    if (size > 0 && last === '') yield { problem: 'expected a tar with files, got none', done: size };
  } catch (error) {
    ctx.signal.throwIfAborted();
    const place = last === '' ? 'at its beginning' : `after the beginning of ${last}, byte ${read} of ${size}`;
    yield {
      problem: `expected a whole tar, got one that ends or is damaged ${place} (${error instanceof Error ? error.message : String(error)})`,
      done: size,
    };
  } finally {
    source.destroy();
    entries.destroy();
  }
}

async function bytesOf(entry: Entry): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  for await (const part of entry) parts.push(part as Buffer);
  return new Uint8Array(Buffer.concat(parts));
}
