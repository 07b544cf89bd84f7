// How much memory a piece of work takes from this process, beside the files that it maps.
import { readFileSync, writeFileSync } from 'node:fs';

/** Kilobytes of a line of /proc/self/status. */
const field = (status: string, name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0) * 1024;

/** Resident bytes that are no mapped file, and the highest of all resident bytes since `resetPeak`; null where the system does not say. */
function resident(): { readonly own: number; readonly files: number; readonly peak: number } | null {
  if (process.platform !== 'linux') return null;
  const status = readFileSync('/proc/self/status', 'utf8');
  return { own: field(status, 'RssAnon'), files: field(status, 'RssFile'), peak: field(status, 'VmHWM') };
}

/** The highest of what was resident beside mapped files before peaks were last reset. */
let before = 0;
/** Sets VmHWM to what is resident now. Throws where the system does not let us. */
function resetPeak(): void {
  const now = resident();
  if (now) before = Math.max(before, now.peak - now.files);
  writeFileSync('/proc/self/clear_refs', '5');
}

/** Bytes that this process held at most since it was last asked, without the files that it maps; null where the system does not tell. */
export function takePeakMemory(): number | null {
  try {
    resetPeak();
  } catch {
    return null;
  }
  const peak = before;
  before = 0;
  return peak;
}

/** Resident bytes of this process without the files that it maps, such as weights that are read in place; with them where the system does not tell. */
export const ownMemory = (): number => resident()?.own ?? process.memoryUsage.rss();

/** Resident bytes of files that this process maps; 0 where the system does not tell. */
export const mappedMemory = (): number => resident()?.files ?? 0;

export interface Measured<T> {
  readonly result: T;
  /** Bytes that stay after the work; null where it cannot be measured. */
  readonly kept: number | null;
  /** Bytes at the most while it went on, those that stay included. */
  readonly peak: number | null;
}
export type Measure = <T>(work: () => Promise<T>) => Promise<Measured<T>>;

/** On a device of its own nothing of this process says what a model takes. */
export const unmeasured: Measure = async (work) => ({ result: await work(), kept: null, peak: null });

/** Whatever else the process takes meanwhile is counted as well: onnxruntime-node computes on the thread of JavaScript, so that is little. */
export const measureMemory: Measure = async (work) => {
  const first = resident();
  if (!first) return unmeasured(work);
  try {
    resetPeak();
  } catch {
    return unmeasured(work);
  }
  const result = await work();
  const after = resident()!;
  return { result, kept: Math.max(0, after.own - first.own), peak: Math.max(0, after.peak - after.files - first.own) };
};
