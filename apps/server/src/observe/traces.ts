// Traces: a span for each run and, under it, one for each node; those of batches; sent by OTLP over HTTP to where OTEL_EXPORTER_OTLP_ENDPOINT points.
import type { Context, Span } from '@opentelemetry/api';
import { isTerminal } from '@facewright/core';
import type { EventSink } from './active-runs.ts';
import type { BatchSink } from './batch-sink.ts';
import { traceBatches } from './trace-batches.ts';

export interface Traces {
  readonly event: EventSink;
  readonly batches: BatchSink;
  /** Sends what is left. */
  close(): Promise<void>;
}

interface TracedRun {
  readonly span: Span;
  readonly context: Context;
  readonly nodes: Map<string, Span>;
}

/** Null when no endpoint is set; the OpenTelemetry SDK, which reads its other variables itself, is loaded only then. */
export async function openTraces(
  environment: Readonly<Record<string, string | undefined>>,
  warn: (message: string) => void,
): Promise<Traces | null> {
  if (!environment['OTEL_EXPORTER_OTLP_ENDPOINT'] && !environment['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']) return null;
  const [
    { diag, DiagLogLevel, ROOT_CONTEXT, SpanStatusCode, trace },
    { BatchSpanProcessor, TracerProvider },
    { OTLPTraceExporter },
    { defaultResource, detectResources, envDetector, resourceFromAttributes },
  ] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const quiet = () => {};
  // A collector that is away is said in the log; spans that it cannot take are dropped.
  diag.setLogger(
    { verbose: quiet, debug: quiet, info: quiet, warn: (text) => warn(`traces: ${text}`), error: (text) => warn(`traces: ${text}`) },
    DiagLogLevel.WARN,
  );
  const provider = new TracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': 'facewright' }))
      // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES have the last word.
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
  });
  const tracer = provider.getTracer('facewright');
  const runs = new Map<string, TracedRun>();
  const batches = traceBatches({ ROOT_CONTEXT, SpanStatusCode, trace }, tracer);

  return {
    batches,
    event(event, { name, provider: device, queued, types }) {
      const time = new Date(event.time);
      const runOf = (): TracedRun => {
        const known = runs.get(event.run);
        if (known) return known;
        const span = tracer.startSpan(
          `run ${name}`,
          { startTime: queued === null ? time : new Date(queued), attributes: { 'facewright.run': event.run, 'facewright.graph': name } },
          ROOT_CONTEXT,
        );
        const traced: TracedRun = { span, context: trace.setSpan(ROOT_CONTEXT, span), nodes: new Map() };
        runs.set(event.run, traced);
        return traced;
      };
      const startNode = (node: string): Span => {
        const type = types.get(node) ?? 'unknown';
        return tracer.startSpan(
          `node ${type}`,
          { startTime: time, attributes: { 'facewright.run': event.run, 'facewright.node': node, 'facewright.node.type': type } },
          runOf().context,
        );
      };
      const endNode = (node: string, problem?: string): void => {
        const { nodes } = runOf();
        const span = nodes.get(node);
        if (!span) return;
        nodes.delete(node);
        if (problem !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: problem });
        span.end(time);
      };
      switch (event.type) {
        case 'run_started':
          runOf().span.addEvent('started', {}, time);
          runOf().span.setAttribute('facewright.provider', device);
          break;
        case 'node_started':
          runOf().nodes.set(event.node, startNode(event.node));
          break;
        case 'node_cached': {
          const span = startNode(event.node);
          span.setAttributes({ 'facewright.cached': true, 'facewright.reason': event.reason });
          span.end(time);
          break;
        }
        case 'node_finished':
          runOf().nodes.get(event.node)?.setAttribute('facewright.cached', false);
          endNode(event.node);
          break;
        case 'node_failed':
          endNode(event.node, event.problem.message);
          break;
        case 'worker_lost':
        case 'run_interrupted':
          runOf().span.addEvent(event.type, { message: event.message }, time);
          for (const node of runOf().nodes.keys()) endNode(node, event.message);
          break;
        default:
          break;
      }
      if (!isTerminal(event)) return;
      const { span, nodes } = runOf();
      const how =
        event.type === 'run_succeeded'
          ? null
          : event.type === 'run_failed'
            ? event.problems.map(({ message }) => message).join('; ')
            : 'cancelled';
      for (const node of nodes.keys()) endNode(node, how ?? undefined);
      span.setAttribute('facewright.status', event.type.replace('run_', ''));
      if (event.type === 'run_failed') span.setStatus({ code: SpanStatusCode.ERROR, message: how! });
      span.end(time);
      runs.delete(event.run);
    },
    async close() {
      batches.close();
      await provider.shutdown().catch((cause: Error) => warn(`traces: expected to send the last spans, got ${cause.message}`));
      diag.disable();
    },
  };
}
