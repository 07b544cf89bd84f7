// Batches over HTTP: checked, begun, watched, steered; rows and results.
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { batchDataSchema, type BatchRowRecord, type Catalogue } from '@facewright/core';
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { BatchFeed } from './batch-feed.ts';
import { BatchRefused, MOST_LISTED, type Batches } from './batches.ts';
import { resultsTable } from './results-table.ts';
import { err } from '../errors.ts';
import { lastEventId, stream, wantsStream, type StreamSource } from '../events/event-stream.ts';
import { clientKey, parameter, wholeNumber } from '../http/request-parts.ts';
import type { Fields, Route } from '../http/routes.ts';

/** Rows that are read from the database at once. */
const PAGE = 500;
const LISTED_BATCHES = 200;
const problems: Fields = { problems: 'Problem[]' };
const batch: Fields = { batch: 'Batch' };
const steering = [
  ['pause', 'Begins no more rows, also after a restart; what is at work, one row or a quarter of a second of them, is finished.'],
  ['continue', 'Lets a batch go on that is paused, or that failed rows have stopped: these count no more.'],
  ['cancel', 'Ends a batch for good, and the row at work; what was run is kept.'],
  ['retry-failed', 'Runs the rows that failed again; a batch that had ended goes on.'],
] as const;
const methods = { pause: 'pause', continue: 'continue', cancel: 'cancel', 'retry-failed': 'retryFailed' } as const;

const moveSchema = z.strictObject({ priority: z.number().int().min(-1000).max(1000).optional(), front: z.boolean().optional() });
const appendSchema = z.strictObject({ data: batchDataSchema, base: z.string().optional() });

function bodyAs<T>(schema: z.ZodType<T>, request: Request, want: string): T {
  const parsed = schema.safeParse(request.body);
  if (parsed.success) return parsed.data;
  throw err.BAD_REQUEST('body', want, parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`).join('; '));
}

export interface BatchServices {
  readonly batches: Batches;
  readonly batchFeed: BatchFeed;
  readonly catalogue: Catalogue;
}

export function batchRoutes({ batches, batchFeed, catalogue }: BatchServices): readonly Route[] {
  const idOf = (request: Request) => batches.get(parameter(request, 'id')).id;
  /** 422 with the first problems and how many there are. */
  const refusing = async (response: Response, work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof BatchRefused)) throw error;
      response.status(422).json({ problems: error.problems, problemCount: error.count });
    }
  };
  const eventsOf = (id: string): StreamSource => ({
    read(after) {
      const events = batches.events(id, after, PAGE);
      // It may go on after its end, so it never ends for who listens.
      return { messages: events.map((event) => [event.seq, event]), ended: false };
    },
    listen: (more) => batchFeed.listen((batch) => batch === id && more()),
  });

  const results = (format: 'csv' | 'jsonl'): Route => ({
    method: 'get',
    path: `/batches/{id}/results.${format}`,
    summary: `The rows that were run as ${format === 'csv' ? 'a table for spreadsheets' : 'JSON lines'}, with their values, scores and files, which are names of assets; streamed.`,
    answers: { 200: 'bytes', 404: problems },
    async handle(request, response) {
      const details = batches.get(parameter(request, 'id'));
      const table = resultsTable(details, catalogue, ({ id }) => id);
      response
        .attachment(`${details.name.replace(/[^\p{L}\p{N}._-]+/gu, '-')}.${format}`)
        .type(format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson');
      const lines = function* (): Generator<string> {
        if (format === 'csv') yield table.header;
        let rows: readonly BatchRowRecord[];
        let after = 0;
        do {
          rows = batches.ran(details.id, after, PAGE);
          if (rows.length > 0) yield rows.map(table[format]).join('');
          after = rows.at(-1)?.row ?? after;
        } while (rows.length === PAGE);
      };
      // Whoever goes away in the middle is no failure.
      await pipeline(Readable.from(lines()), response).catch(() => {});
    },
  });

  return [
    {
      method: 'post',
      path: '/batches/check',
      summary:
        'What a batch would do, before it is begun: which column sets which input, how many rows there are, about how long it takes, and everything that is wrong.',
      body: 'BatchRequest',
      answers: { 200: 'BatchCheck', 400: problems },
      handle: async (request, response) => response.json(await batches.check(request.body)),
    },
    {
      method: 'post',
      path: '/batches',
      summary:
        'Queues a batch: a graph that is run with the values of every row. With a key, in the body or as the header Idempotency-Key, it is queued once however often it is sent: the second answer is 200 with the same batch, and 409 where something else is asked for under the same key.',
      body: 'BatchRequest',
      answers: { 201: batch, 200: batch, 400: problems, 409: problems, 422: { ...problems, problemCount: 'integer' } },
      handle: (request, response) =>
        refusing(response, async () => {
          const { batch, made } = await batches.create({ ...(request.body as object), key: clientKey(request) });
          response
            .status(made ? 201 : 200)
            .location(`/api/v1/batches/${batch.id}`)
            .json({ batch });
        }),
    },
    {
      method: 'get',
      path: '/batches',
      summary: `The latest ${LISTED_BATCHES} batches, newest first.`,
      answers: { 200: { batches: 'BatchSummary[]' } },
      handle: (_, response) => response.json({ batches: batches.list(LISTED_BATCHES) }),
    },
    {
      method: 'get',
      path: '/batches/{id}',
      summary: 'A batch with its graph and what it was made of. `activity`: what it is at; null when it is not at work.',
      answers: { 200: { ...batch, activity: 'BatchActivity' }, 404: problems },
      handle(request, response) {
        const batch = batches.get(parameter(request, 'id'));
        response.json({ batch, activity: batches.activity(batch.id) });
      },
    },
    {
      method: 'delete',
      path: '/batches/{id}',
      summary: 'Forgets a batch that has ended, with the records of its rows.',
      answers: { 204: null, 404: problems, 409: problems },
      handle(request, response) {
        batches.remove(parameter(request, 'id'));
        response.status(204).end();
      },
    },
    ...steering.map(([how, summary]): Route => ({
      method: 'post',
      path: `/batches/{id}/${how}`,
      summary,
      answers: { 200: batch, 404: problems, 409: problems },
      handle: (request, response) => response.json({ batch: batches[methods[how]](parameter(request, 'id')) }),
    })),
    {
      method: 'post',
      path: '/batches/{id}/move',
      summary:
        'Gives a batch another priority, or has it go before all others of its priority. Of all that waits the highest priority goes first; runs have 0, batches -10.',
      body: { priority: 'integer?', front: 'boolean?' },
      answers: { 200: batch, 400: problems, 404: problems },
      handle(request, response) {
        const { priority, front } = bodyAs(moveSchema, request, 'priority, a whole number from -1000 to 1000, or front');
        response.json({
          batch: batches.move(parameter(request, 'id'), { ...(priority !== undefined && { priority }), ...(front && { front }) }),
        });
      },
    },
    {
      method: 'get',
      path: '/batches/{id}/rows',
      summary:
        'Rows in their order, those that have not been run among them; with `status` only such; with `since` those recorded after that number, in the order of recording.',
      query: {
        after: { about: 'A row; 0, the default, begins with the first.', of: 'integer' },
        since: { about: 'The `recorded` of a row, 0 for all; goes without the others.', of: 'integer' },
        limit: { about: `How many at most, up to ${MOST_LISTED}; default: 100.`, of: 'integer' },
        status: { about: 'Only such rows; ran: those that were run, well or not.', of: ['finished', 'failed', 'ran'] },
      },
      answers: { 200: { rows: 'BatchRow[]' }, 400: problems, 404: problems },
      handle(request, response) {
        const id = idOf(request);
        const limit = wholeNumber(request, 'limit', { least: 1, most: MOST_LISTED, or: 100 });
        const since = wholeNumber(request, 'since', { or: -1 });
        if (since >= 0) return response.json({ rows: batches.recordedSince(id, since, limit) });
        const { status } = request.query;
        const after = wholeNumber(request, 'after', { or: 0 });
        if (status === 'ran') return response.json({ rows: batches.ran(id, after, limit) });
        if (status !== undefined && status !== 'finished' && status !== 'failed')
          throw err.BAD_REQUEST('query status', 'finished, failed or ran', JSON.stringify(status));
        return response.json({
          rows: batches.rows(id, { after, limit, ...(status && { status }) }),
        });
      },
    },
    {
      method: 'post',
      path: '/batches/{id}/rows',
      summary: 'Adds rows of data, with the columns that the batch has; one that had finished goes on.',
      body: { data: 'BatchData', base: 'string?' },
      answers: { 200: batch, 400: problems, 404: problems, 409: problems, 422: { ...problems, problemCount: 'integer' } },
      handle: (request, response) =>
        refusing(response, async () => {
          const { data, base } = bodyAs(appendSchema, request, 'data: an asset with a name, a path, or rows');
          response.json({ batch: await batches.append(parameter(request, 'id'), data, base) });
        }),
    },
    {
      method: 'get',
      path: '/batches/{id}/rows/{row}',
      summary: 'A row, and the graph that it runs.',
      answers: { 200: { record: 'BatchRow', graph: 'Graph' }, 404: problems },
      handle: (request, response) => response.json(batches.row(parameter(request, 'id'), Number(parameter(request, 'row')))),
    },
    results('csv'),
    results('jsonl'),
    {
      method: 'get',
      path: '/batches/{id}/events',
      summary: 'Events of a batch after a sequence number, in order. With Accept: text/event-stream they are streamed as they come.',
      query: { after: { about: 'A sequence number; 0, the default, gives all.', of: 'integer' } },
      answers: { 200: { events: 'BatchEvent[]' }, 400: problems, 404: problems },
      handle(request, response) {
        const id = idOf(request);
        const after = wholeNumber(request, 'after', { or: 0 });
        if (wantsStream(request)) return stream(response, lastEventId(request) ?? after, eventsOf(id));
        return response.json({ events: batches.events(id, after, Number.MAX_SAFE_INTEGER) });
      },
    },
  ];
}
