// How far a run at work is, from its events.
import type { RunEvent, RunProgress } from '@facewright/core';

export interface Progress {
  take(event: RunEvent): void;
  now(): RunProgress;
}

export function createProgress(): Progress {
  let nodes = 0;
  let over = 0;
  let part = 0;
  let node: string | null = null;
  let secondsLeft: number | null = null;
  const at = (next: string | null) => {
    node = next;
    part = 0;
    secondsLeft = null;
  };
  return {
    take(event) {
      switch (event.type) {
        case 'run_started':
          nodes = event.plan.length;
          over = 0;
          return;
        case 'node_started':
          return at(event.node);
        case 'node_progress':
          part = event.total > 0 ? event.done / event.total : 0;
          secondsLeft = event.secondsLeft;
          return;
        case 'node_cached':
        case 'node_finished':
          over++;
          return event.type === 'node_finished' ? at(null) : undefined;
        case 'node_failed':
          return at(null);
        default:
      }
    },
    now: () => ({ share: nodes === 0 ? 0 : Math.min(1, (over + part) / nodes), node, secondsLeft }),
  };
}
