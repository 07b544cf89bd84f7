// Downloads a model file: taken up again where it ended, checked before it gets its name.
import { mkdir, open, rename, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '@facewright/tensor';
import type { Response } from 'undici';
import { err } from './errors.ts';
import { createPublicFetch, type PublicFetch } from './fetch-public.ts';
import { addressDigest, partFile, type PartFile, type PartState } from './part-file.ts';
import { sha256OfFile } from './sha256.ts';

export interface PullRequest {
  readonly url: string;
  /** File name, without folders. */
  readonly name: string;
  /** Where the file goes; made if it is missing. */
  readonly folder: string;
  /** Hexadecimal. Without it `acceptUnverified` must be true. */
  readonly sha256?: string | null;
  readonly bytes?: number | null;
  readonly acceptUnverified?: boolean;
  /** Hosts that may be asked though they are of this network, and without encryption: mirrors. Default: none. */
  readonly allowHosts?: readonly string[];
  onProgress?(progress: PullProgress): void;
  /** Stops the download; what is there stays as a part, to be continued. */
  readonly signal?: AbortSignal;
  /** How long the server may send nothing, and the first pause before another try, which doubles each time; ms. */
  readonly patience?: { readonly silence: number; readonly pause: number };
}
export interface PullProgress {
  readonly phase: 'download' | 'verify';
  readonly done: number;
  /** Null where the server does not say. */
  readonly total: number | null;
}
export interface Pulled {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  /** The file was there before, with the right content. */
  readonly already: boolean;
}

/** Tries without a single new byte before a download is given up. */
const TRIES = 5;
/** Room that is left on the disk for everybody else. */
const SPARE = 64 * 2 ** 20;
/** A file whose size nobody tells is given up beyond this. */
const MOST_BYTES = 128 * 2 ** 30;
const PATIENCE = { silence: 60_000, pause: 1000 };

/** A failure that may pass: tried again. */
class Dropped extends Error {}

/**
 * Downloads to NAME.part, checks size and SHA-256 there, then renames: under the final name a file is whole and checked, or not there. A part from before is
 * continued when the server still has the same file, and begun anew otherwise. Throws LIBRARY_URL, INSECURE, PRIVATE, REDIRECTS, ENDLESS, FILE_NAME, UNVERIFIED, EXISTS, NOT_FOUND, GATED, STATUS, WEB_PAGE,
 * SIZE, HASH, NO_ROOM, DROPPED, WRITE (each LIBRARY_…), and the reason of the signal.
 */
export async function pullModel(request: PullRequest): Promise<Pulled> {
  const { url, name, folder, bytes = null, acceptUnverified = false, allowHosts = [], onProgress, signal, patience = PATIENCE } = request;
  const want = request.sha256?.toLowerCase() ?? null;
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) throw err.URL(url);
  if (!/^[^/\\\0]+$/.test(name) || name.startsWith('.')) throw err.FILE_NAME(name);
  if (want === null && !acceptUnverified) throw err.UNVERIFIED(name);
  const target = join(folder, name);
  const hash = (path: string, total: number) =>
    sha256OfFile(path, { ...(signal && { signal }), onProgress: (done) => onProgress?.({ phase: 'verify', done, total }) });

  const there = await stat(target).catch(() => null);
  if (there) {
    const got = there.isFile() ? await hash(target, there.size) : 'a folder';
    if (got === want) return { path: target, bytes: there.size, sha256: got, already: true };
    throw err.EXISTS(
      target,
      want === null ? 'no file of this name' : `a file with SHA-256 ${want}`,
      there.isFile() ? `one with ${got}` : got,
    );
  }
  const part = partFile(target);
  try {
    await mkdir(folder, { recursive: true });
    const fetch = createPublicFetch(allowHosts);
    await download({ url, folder, bytes, part, signal, patience, onProgress, fetch }).finally(fetch.close);
    const { size } = await stat(part.path);
    if (bytes !== null && size !== bytes) {
      await part.remove();
      throw err.SIZE(url, bytes, size);
    }
    const sha256 = await hash(part.path, size);
    if (want !== null && sha256 !== want) {
      await part.remove();
      throw err.HASH(url, want, sha256);
    }
    await rename(part.path, target);
    await part.remove();
    return { path: target, bytes: size, sha256, already: false };
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof CodedError || !isSystemError(error)) throw error;
    throw error.code === 'ENOSPC' ? err.NO_ROOM(folder, bytes ?? 0, 0) : err.WRITE(part.path, error.message);
  }
}
const isSystemError = (error: unknown): error is NodeJS.ErrnoException => error instanceof Error && 'syscall' in error;

interface Download {
  readonly url: string;
  readonly folder: string;
  readonly bytes: number | null;
  readonly part: PartFile;
  readonly signal: AbortSignal | undefined;
  readonly patience: { readonly silence: number; readonly pause: number };
  readonly onProgress: PullRequest['onProgress'];
  readonly fetch: PublicFetch;
}

/** Goes on until the part is whole; a try that brings the part further than any before starts the count anew. */
async function download(about: Download): Promise<void> {
  const { url, part, signal, patience } = about;
  let failures = 0;
  let furthest = (await part.read(url))?.bytes ?? 0;
  for (;;) {
    try {
      return await fetchRest(about);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof Dropped)) throw error;
      const { size } = await stat(part.path).catch(() => ({ size: 0 }));
      failures = size > furthest ? 1 : failures + 1;
      furthest = Math.max(furthest, size);
      if (failures >= TRIES) throw err.DROPPED(url, TRIES, error.message);
      await sleep(patience.pause * 2 ** (failures - 1), undefined, { ...(signal && { signal }) });
    }
  }
}

/** One request, from where the part ends. Throws Dropped where another try may help. */
async function fetchRest({ url, folder, bytes, part, signal, patience, onProgress, fetch }: Download): Promise<void> {
  const before = await part.read(url);
  if (before && before.bytes === before.state.total) return;
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(new Dropped(`no answer for ${patience.silence / 1000} s`)), patience.silence);
  const stop = signal ? AbortSignal.any([signal, silence.signal]) : silence.signal;
  try {
    const response = await fetch(url, {
      // A compressed answer would have other sizes and other ranges than the file.
      headers: { 'accept-encoding': 'identity', ...(before && { range: `bytes=${before.bytes}-`, 'if-range': before.state.validator! }) },
      signal: stop,
    }).catch((error: unknown) => {
      if (stop.aborted) throw stop.reason;
      throw codedIn(error) ?? new Dropped(causeOf(error));
    });
    const from = startOf(response, before?.bytes ?? 0);
    if (from === null) {
      // The part is longer than the file that the server has now.
      await part.remove();
      throw new Dropped('another file than before');
    }
    try {
      checkAnswer(response, url, folder);
      const length = numberIn(response.headers.get('content-length'));
      const total = length === null ? null : from + length;
      if (bytes !== null && total !== null && total !== bytes) {
        await part.remove();
        throw err.SIZE(url, bytes, total);
      }
      const state: PartState = { of: addressDigest(url), validator: validatorOf(response), total };
      await checkRoom(folder, (total ?? bytes ?? 0) - from);
      await part.write(state);
      const file = await open(part.path, from === 0 ? 'w' : 'r+');
      try {
        let done = from;

        for await (const chunk of readable(response, stop)) {
          await file.write(chunk, 0, chunk.length, done);
          done += chunk.length;
          if (done > (bytes ?? total ?? MOST_BYTES)) {
            await part.remove();
            throw err.ENDLESS(url, bytes ?? total ?? MOST_BYTES);
          }
          timer.refresh();
          onProgress?.({ phase: 'download', done, total: total ?? bytes });
        }
        await file.sync();
        if (total !== null && done !== total) throw new Dropped(`an end after ${done} of ${total} bytes`);
      } finally {
        await file.close();
      }
    } catch (error) {
      await response.body?.cancel().catch(() => {});
      throw error;
    }
  } finally {
    clearTimeout(timer);
  }
}

/** The chunks of a body; what breaks it off is Dropped, so that an error of the disk is not taken for one of the network. */
async function* readable({ body }: Response, stop: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    if (body) yield* body as unknown as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw stop.aborted ? stop.reason : new Dropped(causeOf(error));
  }
}

/** Where the answer begins in the file; null when the asked range is not there. */
function startOf(response: Response, asked: number): number | null {
  if (response.status === 416) return null;
  if (response.status !== 206) return 0;
  return Number(/^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1]) === asked ? asked : null;
}

function checkAnswer({ status, ok, headers }: Response, url: string, folder: string): void {
  if (status === 404 || status === 410) throw err.NOT_FOUND(url);
  if (status === 401 || status === 403) throw err.GATED(url, status, folder);
  if (status === 408 || status === 429 || status >= 500) throw new Dropped(`status ${status}`);
  if (!ok) throw err.STATUS(url, status);
  if (headers.get('content-type')?.startsWith('text/html')) throw err.WEB_PAGE(url);
}

/** A weak ETag does not promise the same bytes. */
function validatorOf({ headers }: Response): string | null {
  const tag = headers.get('etag');
  return tag !== null && !tag.startsWith('W/') ? tag : headers.get('last-modified');
}

async function checkRoom(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bytes > 0 && bavail * bsize < bytes + SPARE) throw err.NO_ROOM(folder, bytes + SPARE, bavail * bsize);
}

const numberIn = (text: string | null): number | null => (text !== null && /^\d+$/.test(text) ? Number(text) : null);
/** What the guard of addresses says, in which the request wraps it. */
const codedIn = (error: unknown): CodedError | null => {
  const { cause } = error as { cause?: unknown };
  return error instanceof CodedError ? error : cause instanceof CodedError ? cause : null;
};
const causeOf = (error: unknown): string => {
  const { cause } = error as { cause?: unknown };
  return cause instanceof Error ? cause.message : error instanceof Error ? error.message : String(error);
};
