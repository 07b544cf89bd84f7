// What is known of the runs at work, so that an event can be told with the type of its node and the name of its run.
import { isTerminal, type RunEvent } from '@facewright/core';

export interface ActiveRun {
  readonly name: string;
  provider: string;
  /** ISO 8601, of the event run_queued; null when that was in the life of an earlier process. */
  queued: string | null;
  /** By node id. */
  types: ReadonlyMap<string, string>;
}
/** Gets every event once, in order, with what is known of its run. */
export type EventSink = (event: RunEvent, run: Readonly<ActiveRun>) => void;

/** A run is forgotten with its terminal event, so what is kept is bounded by the runs that wait or work. */
export function tellSinks(sinks: readonly EventSink[], nameOf: (run: string) => string): (event: RunEvent) => void {
  const runs = new Map<string, ActiveRun>();
  return (event) => {
    const run = runs.get(event.run) ?? { name: nameOf(event.run), provider: '', queued: null, types: new Map() };
    runs.set(event.run, run);
    if (event.type === 'run_queued') run.queued = event.time;
    if (event.type === 'run_started') {
      run.provider = event.provider;
      run.types = new Map(event.plan.map(({ node, type }) => [node, type]));
    }
    for (const sink of sinks) sink(event, run);
    if (isTerminal(event)) runs.delete(event.run);
  };
}
