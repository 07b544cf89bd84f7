// Routes of runs in the queue: submitted, listed, moved, cancelled, tried again, and told of from a cursor.
import { prepareGraph, type Catalogue, type QueueChange, type RunSummary } from '@facewright/core';
import type { Request, Response } from 'express';
import { err } from '../errors.ts';
import { lastEventId, stream, wantsStream, type StreamSource } from '../events/event-stream.ts';
import { clientKey, field, parameter, refuseProblems, targetsOf, wellFormed, wholeNumber } from '../http/request-parts.ts';
import type { Fields, Route } from '../http/routes.ts';
import type { RunFeed } from '../events/run-feed.ts';
import type { RunNode } from './run-nodes.ts';
import type { Move, RunQueue } from './run-queue.ts';
import type { RunFilter, RunStore, StoredRun } from './run-store.ts';

export interface QueueServices {
  readonly catalogue: Catalogue;
  readonly runs: RunStore;
  readonly queue: RunQueue;
  readonly feed: RunFeed;
  readonly nodesOf: (run: string) => readonly RunNode[];
}

const LISTED_RUNS = 200;
const MOST_RUNS = 1000;
const MOST_EVENTS = 10_000;
const MOST_WAIT_S = 60;
const PRIORITY = 1000;
const problems: Fields = { problems: 'Problem[]' };
const statuses = ['queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled'] as const;
const of = {
  wait: {
    about: `Seconds to wait for news when there are none, at most ${MOST_WAIT_S}; default: 0.`,
    of: 'integer',
  },
} as const;

export const changesOf =
  (runs: RunStore, queue: RunQueue) =>
  (after: number): QueueChange => ({ ...runs.changes(after), progress: queue.progress() });

function priorityOf(value: unknown): number {
  if (!Number.isInteger(value) || Math.abs(value as number) > PRIORITY)
    throw err.BAD_REQUEST('priority', `a whole number from -${PRIORITY} to ${PRIORITY}`, JSON.stringify(value) ?? 'nothing');
  return value as number;
}
function flag(value: unknown, name: string): boolean {
  if (value !== undefined && typeof value !== 'boolean') throw err.BAD_REQUEST(name, 'true or false', JSON.stringify(value));
  return value === true;
}
function filterOf(status: unknown, name: unknown): RunFilter {
  const wanted = status === undefined ? undefined : typeof status === 'string' ? status.split(',') : status;
  if (wanted !== undefined && !(Array.isArray(wanted) && wanted.every((one) => (statuses as readonly unknown[]).includes(one))))
    throw err.BAD_REQUEST('status', `some of ${statuses.join(', ')}`, JSON.stringify(status));
  if (name !== undefined && typeof name !== 'string') throw err.BAD_REQUEST('name', 'a text', JSON.stringify(name));
  return { statuses: wanted as RunFilter['statuses'], name };
}
function moveOf(request: Request): Move {
  const { before, after, to, priority } = {
    before: field(request, 'before'),
    after: field(request, 'after'),
    to: field(request, 'to'),
    priority: field(request, 'priority'),
  };
  const given = Object.entries({ before, after, to, priority }).filter(([, value]) => value !== undefined);
  if (given.length !== 1)
    throw err.BAD_REQUEST('body', 'one of before, after, to and priority', given.map(([name]) => name).join(', ') || 'none');
  if (priority !== undefined) return { priority: priorityOf(priority) };
  if (to === 'front' || to === 'back') return { to };
  if (to !== undefined) throw err.BAD_REQUEST('to', 'front or back', JSON.stringify(to));
  const [name, other] = given[0]!;
  if (typeof other !== 'string') throw err.BAD_REQUEST(name, 'the id of a run', JSON.stringify(other));
  return before === undefined ? { after: other } : { before: other };
}

export function queueRoutes({ catalogue, runs, queue, feed, nodesOf }: QueueServices): Route[] {
  const found = (id: string): RunSummary => {
    const run = runs.find(id);
    if (!run) throw err.NO_SUCH('run', id);
    return run;
  };
  const whole = (id: string): StoredRun => {
    const run = runs.get(id);
    if (!run) throw err.NO_SUCH('run', id);
    return run;
  };
  const idOf = (request: Request): string => found(parameter(request, 'id')).id;
  const changes = changesOf(runs, queue);

  const eventsOf = (run: string): StreamSource => ({
    read(after) {
      const { finished } = found(run);
      const events = runs.page(run, after);
      return { messages: events.map((event) => [event.seq, event]), ended: finished !== null };
    },
    listen: (more) => feed.listen({ events: (fresh) => fresh.has(run) && more() }),
  });
  const changesSource: StreamSource = {
    read(after) {
      const change = changes(after);
      const isNew = after === 0 || change.whole || change.cursor > after;
      return { messages: isNew ? [[change.cursor, change]] : [], ended: false };
    },
    listen: (queue) => feed.listen({ queue }),
  };
  /** Answers with what there is, or with what comes within `wait` seconds. */
  function answerSoon(
    request: Request,
    response: Response,
    { listen }: StreamSource,
    answer: () => { readonly body: object; readonly isNew: boolean },
  ): void {
    const wait = wholeNumber(request, 'wait', { most: MOST_WAIT_S, or: 0 });
    const first = answer();
    if (first.isNew || wait === 0) return void response.json(first.body);
    const finish = (late: boolean) => {
      const { body, isNew } = answer();
      // What is told now may be what was there at first.
      if (!isNew && !late) return;
      stop();
      clearTimeout(timer);
      response.json(body);
    };
    const stop = listen(() => finish(false));
    const timer = setTimeout(() => finish(true), wait * 1000).unref();
    response.on('close', () => {
      stop();
      clearTimeout(timer);
    });
  }

  return [
    {
      method: 'post',
      path: '/runs',
      summary:
        'Queues a run of a graph, or of what its targets need: nodes, or subgraphs for their outputs. With a key, in the body or as the header Idempotency-Key, it is queued once however often it is sent: the second answer is 200 with the same run, and 409 for another graph under the same key.',
      body: { graph: 'Graph', targets: 'string[]?', key: 'string?', priority: 'integer?', front: 'boolean?' },
      answers: { 201: { run: 'RunSummary' }, 200: { run: 'RunSummary' }, 400: problems, 409: problems, 422: problems },
      handle(request, response) {
        const graph = wellFormed(field(request, 'graph'));
        const priority = field(request, 'priority');
        const wanted = targetsOf(request);
        const submission = {
          graph,
          ...wanted,
          key: clientKey(request),
          front: flag(field(request, 'front'), 'front'),
          ...(priority !== undefined && { priority: priorityOf(priority) }),
        };
        refuseProblems(prepareGraph(graph, catalogue, wanted).problems);
        const { run, isNew } = queue.add(submission);
        response
          .status(isNew ? 201 : 200)
          .location(`/api/v1/runs/${run.id}`)
          .json({ run });
      },
    },
    {
      method: 'get',
      path: '/runs',
      summary: 'Runs, the newest first. `next`: what `before` is for the page after this, when there is one.',
      query: {
        status: { about: `Those with one of these, with commas: ${statuses.join(', ')}; default: all.`, of: 'text' },
        name: { about: 'Those with this in their name.', of: 'text' },
        before: { about: 'Those with a number below; default: all.', of: 'integer' },
        offset: { about: 'How many of them to leave out; default: 0.', of: 'integer' },
        limit: { about: `How many at most, up to ${MOST_RUNS}; default: ${LISTED_RUNS}.`, of: 'integer' },
      },
      answers: { 200: { runs: 'RunSummary[]', next: 'integer?' }, 400: problems },
      handle(request, response) {
        const limit = wholeNumber(request, 'limit', { least: 1, most: MOST_RUNS, or: LISTED_RUNS });
        const page = runs.list(limit + 1, {
          ...filterOf(request.query['status'], request.query['name']),
          before: wholeNumber(request, 'before', { or: Number.MAX_SAFE_INTEGER }),
          offset: wholeNumber(request, 'offset', { or: 0 }),
        });
        const listed = page.slice(0, limit);
        response.json({ runs: listed, ...(page.length > limit && { next: listed.at(-1)!.number }) });
      },
    },
    {
      method: 'get',
      path: '/runs/{id}',
      summary: 'A run, its graph, and what became of each node of its plan: status, reason, times and memory.',
      answers: { 200: { run: 'RunSummary', graph: 'Graph', nodes: 'RunNode[]' }, 404: problems },
      handle(request, response) {
        const stored = whole(parameter(request, 'id'));
        response.json({ ...stored, nodes: nodesOf(stored.run.id) });
      },
    },
    {
      method: 'post',
      path: '/runs/{id}/cancel',
      summary:
        'Cancels a run, and no other. One that waits ends at once, one at work with its terminal event; one that has ended stays as it is.',
      answers: { 200: { run: 'RunSummary' }, 404: problems },
      handle(request, response) {
        const id = idOf(request);
        queue.cancel(id);
        response.json({ run: found(id) });
      },
    },
    {
      method: 'post',
      path: '/runs/{id}/retry',
      summary: 'Queues a new run of the graph of one that has ended. What that one finished is in the store and is not computed again.',
      answers: { 201: { run: 'RunSummary' }, 404: problems, 409: problems },
      handle(request, response) {
        const run = queue.retry(idOf(request));
        response.status(201).location(`/api/v1/runs/${run.id}`).json({ run });
      },
    },
    {
      method: 'post',
      path: '/runs/{id}/move',
      summary:
        'Moves a run that waits: before or after another, whose priority it takes; to the front or back of its own priority; or to another priority.',
      body: { before: 'string?', after: 'string?', to: 'string?', priority: 'integer?' },
      answers: { 200: { run: 'RunSummary' }, 400: problems, 404: problems, 409: problems },
      handle(request, response) {
        const id = idOf(request);
        const move = moveOf(request);
        if ('before' in move) found(move.before);
        if ('after' in move) found(move.after);
        queue.move(id, move);
        response.json({ run: found(id) });
      },
    },
    {
      method: 'get',
      path: '/runs/{id}/events',
      summary: 'Events of a run after a number, in order. With Accept: text/event-stream they are streamed until the last.',
      query: {
        after: { about: 'The number of an event; 0, the default, gives all.', of: 'integer' },
        limit: { about: `How many at most, up to ${MOST_EVENTS}; default: all.`, of: 'integer' },
        ...of,
      },
      answers: { 200: { events: 'RunEvent[]' }, 204: null, 400: problems, 404: problems },
      handle(request, response) {
        const id = idOf(request);
        const after = wholeNumber(request, 'after', { or: 0 });
        if (wantsStream(request)) return stream(response, lastEventId(request) ?? after, eventsOf(id));
        const limit = wholeNumber(request, 'limit', { least: 1, most: MOST_EVENTS, or: -1 });
        answerSoon(request, response, eventsOf(id), () => {
          const events = runs.events(id, after, limit);
          return { body: { events }, isNew: events.length > 0 || found(id).finished !== null };
        });
      },
    },
    {
      method: 'get',
      path: '/queue',
      summary:
        'What changed in the queue after a cursor; without one, all that waits and is at work, and the latest that have ended. With Accept: text/event-stream it is streamed.',
      query: { after: { about: 'The cursor of an answer before; 0, the default, gives what there is.', of: 'integer' }, ...of },
      answers: { 200: 'QueueChange', 400: problems },
      handle(request, response) {
        const after = wholeNumber(request, 'after', { or: 0 });
        if (wantsStream(request)) return stream(response, lastEventId(request) ?? after, changesSource);
        answerSoon(request, response, changesSource, () => {
          const { messages } = changesSource.read(after);
          return { body: (messages[0]?.[1] as object | undefined) ?? changes(after), isNew: messages.length > 0 };
        });
      },
    },
    ...(
      [
        ['pause', 'Begins nothing new until the queue is resumed, also after a restart; what is at work goes on.', true],
        ['resume', 'Begins what waits again.', false],
      ] as const
    ).map(([how, summary, paused]): Route => ({
      method: 'post',
      path: `/queue/${how}`,
      summary,
      answers: { 200: { paused: 'boolean' } },
      handle(_, response) {
        queue.pause(paused);
        response.json({ paused: runs.paused() });
      },
    })),
    {
      method: 'post',
      path: '/queue/cancel',
      summary: 'Cancels all runs that have not ended, of these statuses and with this in their name; without a body, all.',
      body: { status: 'string?', name: 'string?' },
      answers: { 200: { cancelled: 'string[]' }, 400: problems },
      handle(request, response) {
        const filter = request.body === undefined ? {} : filterOf(field(request, 'status'), field(request, 'name'));
        response.json({ cancelled: queue.cancelAll(filter) });
      },
    },
  ];
}
