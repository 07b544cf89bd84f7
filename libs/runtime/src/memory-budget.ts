// How much memory open models may take: what the user says, or a share of what is free.
import { err } from './errors.ts';
import type { ProviderName } from './choose-provider.ts';

/** Bytes, or `auto`: a share of what is free on the CPU, no limit elsewhere. */
export type MemoryChoice = number | 'auto';
export interface MemoryBudget {
  readonly bytes: number;
  /** The user named it: a model that cannot fit is refused. A budget that was guessed only closes what is not in use. */
  readonly firm: boolean;
}

/** The rest is for pictures, tensors in JavaScript and the file cache of other programs. */
const SHARE = 0.8;
const units: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** Bytes of '6GB', '512 MB', '1.5GiB' (units of 1024), or 'auto'. Throws RUNTIME_MEMORY_SIZE. */
export function parseMemory(text: string): MemoryChoice {
  if (text === 'auto') return 'auto';
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(text.trim()) ?? [];
  const bytes = Math.floor(Number(number) * (units[unit.toLowerCase()] ?? NaN));
  if (!(bytes > 0)) throw err.MEMORY_SIZE(text);
  return bytes;
}

/** 4 GB as '4.0 GB', 13 MB as '13 MB'; units of 1024. */
export const sizeText = (bytes: number): string =>
  bytes >= 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(1)} GB` : `${Math.ceil(bytes / 2 ** 20)} MB`;

/**
 * `auto` on the CPU is four fifths of what this process may still take, which minds the limits of a container. On a GPU it is no limit: onnxruntime does not say how
 * much memory the device has, and a device that runs out says so, while a process that takes too much of the machine is ended without a word. Processes that share the
 * memory get an equal part each.
 */
export function memoryBudget(choice: MemoryChoice, provider: ProviderName, sharedBy = 1): MemoryBudget {
  if (choice !== 'auto') return { bytes: Math.floor(choice / sharedBy), firm: true };
  return { bytes: provider === 'cpu' ? Math.floor((process.availableMemory() * SHARE) / sharedBy) : Infinity, firm: false };
}
