// Events of runs as lines of the log, with the ids of run and node.
import type { Log } from './log.ts';
import type { EventSink } from './active-runs.ts';

export const logRuns =
  (log: Log): EventSink =>
  (event, { name, types }) => {
    const { run } = event;
    switch (event.type) {
      case 'run_queued':
        return log.debug(`run of ${name} queued`, { run });
      case 'run_started':
        return log.info(`run of ${name} started on ${event.provider}`, { run, nodes: event.plan.length });
      case 'run_notice':
        return log.info(event.message, { run });
      case 'run_interrupted':
        return log.warn(`run of ${name} waits to go on: ${event.message}`, { run });
      case 'run_succeeded':
        return log.info(`run of ${name} succeeded`, { run, seconds: event.seconds });
      case 'run_failed':
        return log.error(`run of ${name} failed: ${event.problems.map(({ message }) => message).join('; ')}`, { run });
      case 'run_cancelled':
        return log.info(`run of ${name} cancelled`, { run });
      case 'node_finished':
        return log.debug(`node finished`, { run, node: event.node, type: types.get(event.node), seconds: event.seconds });
      case 'node_cached':
        return log.debug(`node taken from the store: ${event.reason}`, { run, node: event.node, type: types.get(event.node) });
      case 'node_log':
        return log[event.level](event.message, { run, node: event.node });
      default:
        return;
    }
  };
