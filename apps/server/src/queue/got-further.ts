// Whether the latest attempt at a run got further than every one before it: then it is no run that only begins again and again.
import type { RunEvent } from '@facewright/core';

/** A node that never finished before has, or the one at work passed the furthest step. Bounded by the work there is, so it cannot be true for ever. */
export function gotFurther(events: Iterable<RunEvent>): boolean {
  const furthest = new Map<string, number>();
  let further = false;
  for (const event of events) {
    if (event.type === 'run_interrupted') further = false;
    const reached = event.type === 'node_finished' ? Infinity : event.type === 'node_progress' ? event.done : undefined;
    if (reached === undefined || !('node' in event) || reached <= (furthest.get(event.node) ?? 0)) continue;
    furthest.set(event.node, reached);
    further = true;
  }
  return further;
}
