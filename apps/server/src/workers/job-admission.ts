// Lets jobs begin when there is memory for them beside those of the other workers.
import type { JobMemory } from './job-memory.ts';
import { createMemoryLedger } from './memory-ledger.ts';
import type { Admission, Supervisor } from './worker-supervisor.ts';

/** `workers`: all that share the memory of this machine, or of its container. */
export function createAdmission(memory: JobMemory, workers: () => readonly Pick<Supervisor, 'state'>[]): Admission {
  // What workers hold now they may take again: models of jobs before give way.
  const held = () => workers().reduce((sum, worker) => sum + (worker.state().memory ?? 0), 0);
  const ledger = createMemoryLedger(() => process.availableMemory() + held());
  return {
    enter: async ({ graph }, tell) => ledger.enter(await memory.needOf(graph).catch(() => null), tell),
    learn: ({ graph }, peak) => memory.learn(graph, peak),
  };
}
