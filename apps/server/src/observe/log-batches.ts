// Batches as lines of the log, with the ids of batch, row and node.
import type { BatchSink } from './batch-sink.ts';
import type { Log } from './log.ts';

export const logBatches = (log: Log): BatchSink => ({
  event(event, name) {
    const { batch } = event;
    switch (event.type) {
      case 'batch_queued':
        return log.debug(`batch of ${name} queued`, { batch, rows: event.count });
      case 'batch_started':
        return log.info(`batch of ${name} started`, { batch });
      case 'batch_progress':
        return log.debug(`batch of ${name} goes on`, { batch, done: event.done, failed: event.failed, secondsLeft: event.secondsLeft });
      case 'batch_paused':
        if (event.why !== undefined) return log.error(`batch of ${name} paused: ${event.why}`, { batch });
        return log.info(`batch of ${name} paused`, { batch });
      case 'batch_continued':
        return log.info(`batch of ${name} continued`, { batch });
      case 'batch_interrupted':
        return log.warn(`batch of ${name} waits to go on: the server had ended`, { batch });
      case 'batch_rows_added':
        return log.info(`batch of ${name} has more rows`, { batch, rows: event.count });
      case 'batch_retried':
        return log.info(`batch of ${name} runs rows again`, { batch, rows: event.rows });
      case 'batch_finished':
        return log.info(`batch of ${name} finished`, { batch, done: event.done, failed: event.failed });
      case 'batch_stopped':
        return log.error(`batch of ${name} stopped: too many rows failed`, { batch, failed: event.failed });
      case 'batch_cancelled':
        return log.info(`batch of ${name} cancelled`, { batch });
      default:
        event satisfies never;
    }
  },
  rows({ batch, name, results }) {
    for (const { row, status, problems, seconds } of results)
      if (status === 'failed')
        log.warn(`row ${row} of ${name} failed: ${problems.map(({ message }) => message).join('; ')}`, {
          ...{ batch, row, node: problems[0]?.node, seconds },
        });
  },
});
