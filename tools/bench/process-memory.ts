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

/** Memory of a process tree, in bytes. */
export interface TreeMemory {
  /** Sum of the peaks of the processes that were alive at one time: at least what they ever had resident together. */
  readonly peak: number;
  /** When most was seen resident: what the processes allocated, and pages of files, which the system can drop and other processes share. */
  readonly allocated: number;
  readonly ofFiles: number;
}

/** A line of /proc/PID/status, in bytes; 0 when the process is gone. */
const line = (status: string, name: string): number => 1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);

function look(pid: number): TreeMemory {
  const states = withDescendants(pid).map((member) => said(`/proc/${member}/status`));
  const sum = (name: string) => states.reduce((total, status) => total + line(status, name), 0);
  return { peak: sum('VmHWM'), allocated: sum('RssAnon'), ofFiles: sum('RssFile') + sum('RssShmem') };
}

/** Watches a process tree until `stop`, which gives its peak, or null where the system has no /proc. Pages that processes share count for each. */
export function watchMemory(pid: number): { readonly stop: () => TreeMemory | null } {
  let most = look(pid);
  const timer = setInterval(() => {
    const now = look(pid);
    const fuller = now.allocated + now.ofFiles > most.allocated + most.ofFiles ? now : most;
    most = { ...fuller, peak: Math.max(most.peak, now.peak) };
  }, INTERVAL);
  return {
    stop: () => {
      clearInterval(timer);
      return process.platform === 'linux' ? most : null;
    },
  };
}
