// Memory of a process and its descendants, as Linux counts it in /proc.
import { readdirSync, readFileSync } from 'node:fs';

/** How often the tree is looked at, ms. The kernel keeps each process's own peak, so only processes that live shorter can be missed. */
const INTERVAL = 100;

/** What a file of /proc says; empty when the process is gone. */
function said(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

const withDescendants = (pid: number): number[] => [
  pid,
  ...threadsOf(pid)
    .flatMap((thread) => said(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean))
    .flatMap((child) => withDescendants(Number(child))),
];

/** Sum of the peaks of the processes that are alive, in bytes: at least what they ever had resident at one time. */
const peaks = (pid: number): number =>
  withDescendants(pid).reduce(
    (sum, member) => sum + 1024 * Number(/^VmHWM:\s+(\d+) kB/m.exec(said(`/proc/${member}/status`))?.[1] ?? 0),
    0,
  );

/** Watches a process tree until `stop`, which gives its peak resident memory in bytes, or null where the system has no /proc. Pages that processes share count for each. */
export function watchMemory(pid: number): { readonly stop: () => number | null } {
  let peak = peaks(pid);
  const timer = setInterval(() => (peak = Math.max(peak, peaks(pid))), INTERVAL);
  return {
    stop: () => {
      clearInterval(timer);
      return process.platform === 'linux' ? peak : null;
    },
  };
}
