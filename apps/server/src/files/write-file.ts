// Writing a file so that it is there whole or not at all.
import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { dirname } from 'node:path';
import type { Bytes } from '@facewright/core';
import { CodedError } from '@facewright/tensor';
import { err } from '../errors.ts';

/** Has the disk keep the names in a folder as they are now. Where a system opens no folders, it does so by itself. */
export async function keepNames(folder: string): Promise<void> {
  const handle = await open(folder).catch(() => null);
  await handle?.sync().finally(() => handle.close());
}

/**
 * Writes beside the destination, then renames over it: a crash, a power cut or a full disk leaves what was there before, or all of the new. Makes missing folders.
 * Throws SERVER_DISK_FULL or SERVER_WRITE_FAILED, and what the source of parts throws of our own. `write` stands for the file system in tests of full disks.
 */
export async function writeWhole(
  path: string,
  bytes: Bytes | string,
  write: (path: string, bytes: Bytes | string) => Promise<void> = (part, content) => writeFile(part, content, { flush: true }),
): Promise<void> {
  const part = `${path}.${randomUUID()}.part`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await write(part, bytes);
    await rename(part, path);
    await keepNames(dirname(path));
  } catch (cause) {
    await rm(part, { force: true }).catch(() => {});
    if (cause instanceof CodedError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    throw code === 'ENOSPC' || code === 'EDQUOT' ? err.DISK_FULL(path) : err.WRITE_FAILED(path, message);
  }
}
