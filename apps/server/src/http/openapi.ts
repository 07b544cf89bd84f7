// The OpenAPI 3.1 document, from the table of routes and the schemas of the contract.
import { assetSchema, batchDataSchema, batchRequestSchema, graphJsonSchema, modelFolders, runLockSchema } from '@facewright/core';
import { z } from 'zod';
import { scopes } from '../access/access-store.ts';
import type { Fields, Route } from './routes.ts';

const text = { type: 'string' },
  whole = { type: 'integer' },
  flag = { type: 'boolean' },
  anything = {};
const list = (items: object) => ({ type: 'array', items });
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const record = (properties: Readonly<Record<string, object>>, optional: readonly string[] = []) => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
});

const amount = record({ count: whole, bytes: whole });

/** A picture as shown, none better, a face missing; null: nothing yet, or taken back. */
const choice = { enum: [0, 1, 2, 'tie', 'no face', null] };

const problem = record({ code: text, message: text, subgraph: text, node: text, port: text, item: list(whole) }, [
  'subgraph',
  'node',
  'port',
  'item',
]);
function batchSchemas(): Record<string, object> {
  const cell = { type: ['string', 'number', 'boolean', 'null'] };
  const cells = { type: 'object', additionalProperties: cell };
  const { $schema: _, ...request } = z.toJSONSchema(batchRequestSchema, { io: 'input' });
  const { $schema: __, ...data } = z.toJSONSchema(batchDataSchema);
  const column = record({ column: text, targets: list(text) });
  const side = record({ target: text, values: list(cell) });
  const summary = {
    id: text,
    name: text,
    status: { enum: ['queued', 'running', 'paused', 'finished', 'stopped', 'cancelled'] },
    created: text,
    finished: { type: ['string', 'null'] },
    priority: whole,
    place: { type: 'number' },
    count: whole,
    done: whole,
    failed: whole,
    secondsLeft: { type: ['number', 'null'] },
    lastSeq: whole,
    lastRecorded: whole,
  };
  return {
    BatchRequest: { ...request, properties: { ...request.properties, graph: ref('Graph') } },
    BatchData: data,
    BatchCheck: record({
      columns: list(column),
      matrix: list(side),
      seeds: list(text),
      dataRows: whole,
      count: whole,
      preview: list(cells),
      problems: list({ ...problem, properties: { ...problem.properties, row: whole, column: text } }),
      problemCount: whole,
      notes: list(text),
      estimate: { anyOf: [record({ secondsPerRow: { type: 'number' }, seconds: { type: 'number' }, from: text }), { type: 'null' }] },
    }),
    BatchSummary: {
      ...record(summary),
      description: 'Rows of the batch, those run well, those that failed. finished: every row was run, well or not.',
    },
    Batch: record({
      ...summary,
      graph: ref('Graph'),
      columns: list(column),
      matrix: list(side),
      seeds: list(text),
      runs: whole,
      stopAfterErrors: { type: ['integer', 'null'] },
      dataRows: whole,
      scoreNames: list(text),
    }),
    BatchRow: record({
      row: whole,
      status: { enum: ['finished', 'failed', 'waiting'] },
      digest: text,
      attempt: whole,
      seconds: { type: 'number' },
      time: text,
      problems: list(ref('Problem')),
      outputs: { type: 'object' },
      scores: { type: 'object', additionalProperties: { type: 'number' } },
      recorded: whole,
      dataRow: whole,
      run: whole,
      data: cells,
      values: cells,
    }),
    BatchActivity: {
      anyOf: [
        record({ row: whole, node: { type: ['string', 'null'] }, done: whole, total: whole, preview: { type: ['string', 'null'] } }),
        { type: 'null' },
      ],
    },
    BatchEvent: {
      ...record({ batch: text, seq: whole, time: text, type: text }),
      description:
        'Numbered from 1 without gaps; further members depend on the type. socket.io sends the same, several at once, as `batchEvents`.',
    },
  };
}

function schemas(): Record<string, object> {
  const { $schema: _, ...graph } = graphJsonSchema();
  const { $schema: __, ...asset } = z.toJSONSchema(assetSchema);
  const { $schema: ___, ...lock } = z.toJSONSchema(runLockSchema);
  const portType = {
    type: 'object',
    properties: { kind: text },
    required: ['kind'],
    description: 'What a port accepts; further members depend on the kind.',
  };
  const port = record(
    { name: text, type: portType, optional: flag, default: anything, help: text, advanced: flag, lazy: flag, each: flag, many: flag },
    ['default', 'help', 'advanced', 'lazy', 'each', 'many'],
  );
  return {
    Graph: graph,
    Asset: asset,
    Problem: problem,
    RunLock: { ...lock, properties: { ...lock.properties, graph: ref('Graph') } },
    NodeDescription: record(
      {
        type: text,
        version: whole,
        title: text,
        summary: text,
        category: text,
        effects: { enum: ['none', 'reads', 'writes'] },
        output: flag,
        stops: flag,
        inputs: list(port),
        outputs: list(port),
      },
      ['stops'],
    ),
    ModelFile: record({
      path: text,
      folder: { enum: modelFolders },
      kind: { enum: ['safetensors', 'torch', 'onnx', 'folder'] },
      bytes: whole,
      modified: text,
    }),
    Template: record({ name: text, title: text, description: text, nodes: whole, thumbnail: flag }),
    SavedGraph: record({ name: text, modified: text }),
    ForetoldStep: record({
      node: text,
      type: text,
      action: { enum: ['run', 'cached', 'open'] },
      reason: text,
      key: text,
      forecast: {
        ...record({
          seconds: { type: 'number' },
          memory: { type: ['integer', 'null'] },
          basis: { enum: ['same settings', 'other steps', 'other settings'] },
          runs: whole,
        }),
        type: ['object', 'null'],
        description: 'By earlier runs of the node type; null where none is known. Memory is what the worker held at most, in bytes.',
      },
      resumes: { type: ['string', 'null'], description: 'When the unfinished work was kept that the node goes on from.' },
    }),
    NeededModel: record({ name: text, bytes: { type: ['integer', 'null'] }, nodes: list(text) }),
    RunForecast: record({ seconds: { type: 'number' }, unknown: whole, memory: { type: ['integer', 'null'] } }),
    StorageUse: record({
      assets: amount,
      results: amount,
      checkpoints: amount,
      runs: amount,
      databases: whole,
      quarantine: amount,
      removable: amount,
      keep: { type: ['integer', 'null'] },
    }),
    GarbageReport: record({ results: amount, assets: amount, checkpoints: amount, pieces: amount, kept: whole, over: whole }),
    JudgingTask: record({
      name: text,
      created: text,
      question: text,
      labels: list(text),
      sets: whole,
      annotators: list(ref('Annotator')),
    }),
    Annotator: {
      ...record({ token: text, name: text, created: text, withdrawn: { type: ['string', 'null'] }, judged: whole }),
      description: 'The page of an annotator is /judge/{token}.',
    },
    BlindSet: {
      ...record({ set: whole, caption: text, pictures: whole, choice }),
      description: 'Pictures are numbered from 0 as they are shown. Nothing tells where one comes from.',
    },
    Vote: {
      ...record({ id: { type: 'string', maxLength: 64 }, set: whole, choice }),
      description: "The id is the sender's own: a vote that is sent twice counts once. The last vote on a set counts; null takes it back.",
    },
    Scope: { enum: scopes },
    Session: record({ name: text, scope: ref('Scope') }),
    AccessToken: record({
      name: text,
      scope: ref('Scope'),
      created: text,
      expires: { type: ['string', 'null'] },
      used: { type: ['string', 'null'] },
    }),
    RunSummary: record({
      id: text,
      name: text,
      status: { enum: ['queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled'] },
      created: text,
      finished: { type: ['string', 'null'] },
      lastSeq: whole,
      number: whole,
      priority: whole,
      place: { type: 'number' },
      cancelling: flag,
      attempts: whole,
      retryOf: { type: ['string', 'null'] },
      problem: { anyOf: [ref('Problem'), { type: 'null' }] },
    }),
    RunNode: {
      ...record({
        node: text,
        type: text,
        status: { enum: ['queued', 'running', 'cached', 'done', 'failed', 'stopped'] },
        reason: text,
        started: { type: ['string', 'null'] },
        finished: { type: ['string', 'null'] },
        seconds: { type: ['number', 'null'] },
        memory: { type: ['integer', 'null'] },
      }),
      description:
        'In the order of the plan. `stopped`: it waited or worked when the run ended. Memory is what the worker held at most while it ran, in bytes.',
    },
    QueueChange: {
      ...record({
        cursor: whole,
        whole: flag,
        more: flag,
        paused: flag,
        runs: list(ref('RunSummary')),
        removed: list(text),
        progress: {
          type: 'object',
          additionalProperties: record({
            share: { type: 'number' },
            node: { type: ['string', 'null'] },
            secondsLeft: { type: ['number', 'null'] },
          }),
        },
      }),
      description:
        'What changed after a cursor: new and changed runs, ids of deleted ones, and how far those at work are. `whole`: it is all there is, and what was known before is forgotten; `more`: there is more after `cursor` already. socket.io sends the same as `queue`.',
    },
    ...batchSchemas(),
    RunEvent: {
      ...record({ run: text, seq: whole, time: text, type: text }),
      description:
        'Numbered from 1 without gaps; the last is run_succeeded, run_failed or run_cancelled. Further members depend on the type. socket.io sends the same, several at once, as `events`.',
    },
  };
}

const schemaOf = (shape: Fields | string): object =>
  typeof shape !== 'string'
    ? record(
        Object.fromEntries(Object.entries(shape).map(([name, type]) => [name, schemaOf(type.replace('?', ''))])),
        Object.keys(shape).filter((name) => shape[name]!.endsWith('?')),
      )
    : shape.endsWith('[]')
      ? list(schemaOf(shape.slice(0, -2)))
      : shape === 'string'
        ? text
        : shape === 'integer'
          ? whole
          : shape === 'boolean'
            ? flag
            : ref(shape);
const content = (shape: Fields | string) =>
  shape === 'bytes'
    ? { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } }
    : { 'application/json': { schema: schemaOf(shape) } };

const words: Readonly<Record<string, string>> = {
  200: 'Done.',
  201: 'Made.',
  204: 'Done.',
  400: 'The request is wrong.',
  401: 'The token is not known.',
  404: 'There is none.',
  409: 'Not as things are now.',
  413: 'Too large.',
  429: 'Too often.',
  422: 'The graph has problems.',
  507: 'The disk is full.',
};

function operation({ summary, path, query = {}, body, answers }: Route): object {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({ name, in: 'path', required: true, schema: text }));
  const inQuery = Object.entries(query).map(([name, { about, of }]) => ({
    name,
    in: 'query',
    description: about,
    schema: of === 'integer' ? whole : of === 'text' ? text : { enum: of },
  }));
  const multipart = { 'multipart/form-data': { schema: record({ file: { type: 'string', format: 'binary' } }) } };
  return {
    summary,
    ...(inPath.length + inQuery.length > 0 && { parameters: [...inPath, ...inQuery] }),
    ...(body !== undefined && { requestBody: { required: true, content: { ...content(body), ...(body === 'bytes' && multipart) } } }),
    responses: Object.fromEntries(
      Object.entries(answers).map(([status, shape]) => [
        status,
        { description: words[status]!, ...(shape !== null && { content: content(shape) }) },
      ]),
    ),
  };
}

export function openApi(routes: readonly Route[]): Record<string, unknown> {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) (paths[`/api/v1${route.path}`] ??= {})[route.method] = operation(route);
  return {
    openapi: '3.1.0',
    info: { title: 'Facewright', version: '1', description: 'Every error is a JSON object with a list of problems.' },
    paths,
    components: { schemas: schemas() },
  };
}
