// Spans of batches: one for each, and under it one for each job of rows: a slow row, or the quick ones of about a quarter of a second together.
import type { Context, Span, Tracer } from '@opentelemetry/api';
import type { BatchEvent } from '@facewright/core';
import type { BatchSink } from './batch-sink.ts';

/** Failed rows that a span tells of; the ledger has all. */
const MOST_FAILED = 20;
const endings: Readonly<Partial<Record<BatchEvent['type'], string>>> = {
  batch_finished: 'finished',
  batch_stopped: 'stopped',
  batch_cancelled: 'cancelled',
};

export interface BatchSpans extends BatchSink {
  /** Ends the spans of batches that go on when the server is started again. */
  close(): void;
}

export function traceBatches(
  { ROOT_CONTEXT, SpanStatusCode, trace }: Pick<typeof import('@opentelemetry/api'), 'ROOT_CONTEXT' | 'SpanStatusCode' | 'trace'>,
  tracer: Tracer,
): BatchSpans {
  const open = new Map<string, { readonly span: Span; readonly context: Context }>();
  const traceOf = (batch: string, name: string, startTime: Date) => {
    const known = open.get(batch);
    if (known) return known;
    const attributes = { 'facewright.batch': batch, 'facewright.graph': name };
    const span = tracer.startSpan(`batch ${name}`, { startTime, attributes }, ROOT_CONTEXT);
    const traced = { span, context: trace.setSpan(ROOT_CONTEXT, span) };
    open.set(batch, traced);
    return traced;
  };
  return {
    event(event, name) {
      const time = new Date(event.time);
      const { span } = traceOf(event.batch, name, time);
      const status = endings[event.type];
      if (status === undefined) {
        if (event.type !== 'batch_queued' && event.type !== 'batch_progress') span.addEvent(event.type.replace('batch_', ''), {}, time);
        return;
      }
      span.setAttribute('facewright.status', status);
      if ('done' in event) span.setAttribute('facewright.rows.done', event.done);
      if ('failed' in event) span.setAttribute('facewright.rows.failed', event.failed);
      if (event.type === 'batch_stopped') span.setStatus({ code: SpanStatusCode.ERROR, message: 'too many rows failed' });
      span.end(time);
      open.delete(event.batch);
    },
    rows({ batch, name, provider, begun, ended, results }) {
      if (results.length === 0) return;
      const failed = results.filter(({ status }) => status === 'failed');
      const [first, last] = [results[0]!.row, results.at(-1)!.row];
      const span = tracer.startSpan(
        results.length === 1 ? `row ${name}` : `rows ${name}`,
        {
          startTime: begun,
          attributes: {
            'facewright.batch': batch,
            'facewright.provider': provider,
            'facewright.row.first': first,
            'facewright.row.last': last,
            'facewright.rows.done': results.length - failed.length,
            'facewright.rows.failed': failed.length,
          },
        },
        traceOf(batch, name, new Date(begun)).context,
      );
      for (const { row, problems } of failed.slice(0, MOST_FAILED))
        span.addEvent('row failed', { 'facewright.row': row, message: problems.map(({ message }) => message).join('; ') }, ended);
      if (failed.length > 0) span.setStatus({ code: SpanStatusCode.ERROR, message: failed[0]!.problems[0]?.message ?? 'failed' });
      span.end(ended);
    },
    close() {
      for (const { span } of open.values()) span.end();
      open.clear();
    },
  };
}
