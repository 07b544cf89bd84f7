// What a process holds beside files that it maps. Only on Linux.
import { readFileSync } from 'node:fs';

/** MB (`RssAnon`); 0 when the process is gone. */
export function heldMemory(pid: number): number {
  try {
    return Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}
