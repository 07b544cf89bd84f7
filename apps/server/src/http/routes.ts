// The HTTP API as a table: each row is a route of the server and an operation of the OpenAPI document.
import { basename, dirname } from 'node:path';
import { assetIdOf, describeNode, modelFolders, nodeInside, picturesIn, withPictureGraph } from '@facewright/core';
import { err as engineErr } from '@facewright/engine';
import { asModelFolder, listModels } from '@facewright/model-library';
import type { Request, Response } from 'express';
import { accessRoutes } from '../access/access-routes.ts';
import type { AccessStore, Scope } from '../access/access-store.ts';
import type { Gate } from '../access/gate.ts';
import { batchRoutes, type BatchServices } from '../batch/batch-routes.ts';
import { checkGraph } from '../plan/check-graph.ts';
import type { DataFolder } from '../data/data-folder.ts';
import { err } from '../errors.ts';
import type { GraphFiles } from '../files/graph-files.ts';
import { judgingRoutes } from '../judging/judging-routes.ts';
import { planRoutes } from '../plan/plan-routes.ts';
import { checkPicture, decodeLayers, decodePicture, encodeJpeg, encodePng } from '../files/picture-codec.ts';
import { queueRoutes } from '../queue/queue-routes.ts';
import { field, parameter, wellFormed } from './request-parts.ts';
import type { RunFeed } from '../events/run-feed.ts';
import type { RunLocks } from '../plan/run-locks.ts';
import type { RunNode } from '../queue/run-nodes.ts';
import type { RunQueue } from '../queue/run-queue.ts';
import type { RunStore } from '../queue/run-store.ts';
import type { Supervisor } from '../workers/worker-supervisor.ts';
import { assetIdsIn } from '../storage/named-assets.ts';
import { keepUpload } from '../storage/uploads.ts';
import type { StorageWork } from '../storage/storage-work.ts';
import { storageRoutes } from '../storage/storage-routes.ts';
import type { Templates } from '../files/templates.ts';

export interface Services extends BatchServices {
  readonly data: DataFolder;
  readonly graphs: GraphFiles;
  readonly templates: Templates;
  readonly runs: RunStore;
  readonly queue: RunQueue;
  readonly feed: RunFeed;
  readonly locks: RunLocks;
  readonly nodesOf: (run: string) => readonly RunNode[];
  readonly access: AccessStore;
  readonly gate: Gate;
  readonly supervisors: readonly Supervisor[];
  /** How many bytes results, assets and checkpoints may take; undefined: no limit. */
  readonly keep: number | undefined;
  readonly storageWork: StorageWork;
}
/** Names of schemas in the OpenAPI document, by property of a JSON object; a list is `Name[]`, what may be missing `Name?`. */
export type Fields = Readonly<Record<string, string>>;
export interface Route {
  readonly method: 'get' | 'put' | 'post' | 'delete';
  /** Under /api/v1, with {parameters}. */
  readonly path: string;
  readonly summary: string;
  /** What a token must allow; open: nothing, the route asks for what it needs. Default: read to get, admin to delete, run for the rest. */
  readonly scope?: Scope | 'open';
  readonly query?: Readonly<Record<string, { readonly about: string; readonly of: 'integer' | 'text' | readonly string[] }>>;
  /** A JSON object of these fields, a schema by name, or any bytes. */
  readonly body?: Fields | string | 'bytes';
  readonly answers: Readonly<Record<number, Fields | string | 'bytes' | null>>;
  handle(request: Request, response: Response): unknown;
}

export const scopeOf = ({ method, scope }: Pick<Route, 'method' | 'scope'>): Scope | 'open' =>
  scope ?? (method === 'get' ? 'read' : method === 'delete' ? 'admin' : 'run');

/** A report or a drawing may hold anything: it gets no script, no network and no access to this server's pages. */
const SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'";
const problems: Fields = { problems: 'Problem[]' };
const steering = [
  ['pause', 'Pauses a run at its next step, once its work so far is saved; the event run_paused says when.'],
  ['continue', 'Lets a paused run go on.'],
  ['stop', 'Has the node at work end at its next step with what it has, such as a model trained so far; the nodes after it run.'],
] as const;

export function createRoutes(services: Services): Route[] {
  const { catalogue, data, graphs, templates, runs, queue } = services;
  const runOf = (request: Request) => {
    const found = runs.get(parameter(request, 'id'));
    if (!found) throw err.NO_SUCH('run', parameter(request, 'id'));
    return found;
  };
  return [
    {
      method: 'get',
      path: '/nodes',
      summary: 'The installed node types.',
      answers: { 200: { nodes: 'NodeDescription[]' } },
      handle: (_, response) => response.json({ nodes: [...catalogue.values()].map(({ definition }) => describeNode(definition)) }),
    },
    {
      method: 'get',
      path: '/models',
      summary: 'The models of the models folders, of one folder or all. `folders`: the models folders that were looked in.',
      query: { folder: { about: 'A folder of a models folder; default: all.', of: modelFolders } },
      answers: { 200: { models: 'ModelFile[]', folders: 'string[]' }, 400: problems },
      async handle(request, response) {
        const { folder } = request.query;
        response.json({
          models: await listModels(data.models, folder === undefined ? modelFolders : [asModelFolder(String(folder))]),
          folders: data.models,
        });
      },
    },
    {
      method: 'get',
      path: '/templates',
      summary: 'The graphs that come with Facewright.',
      answers: { 200: { templates: 'Template[]' } },
      handle: async (_, response) => response.json({ templates: await templates.list() }),
    },
    {
      method: 'get',
      path: '/templates/{name}',
      summary: 'A template.',
      answers: { 200: 'Graph', 404: problems },
      handle: async (request, response) => response.json(await templates.get(parameter(request, 'name'))),
    },
    {
      method: 'get',
      path: '/templates/{name}/thumbnail',
      summary: 'A picture of what a template makes, for lists: PNG.',
      answers: { 200: 'bytes', 404: problems },
      handle: async (request, response) =>
        response.type('image/png').send(Buffer.from(await templates.thumbnail(parameter(request, 'name')))),
    },
    {
      method: 'get',
      path: '/graphs',
      summary: 'The saved graphs.',
      answers: { 200: { graphs: 'SavedGraph[]' } },
      handle: async (_, response) => response.json({ graphs: await graphs.list() }),
    },
    {
      method: 'get',
      path: '/graphs/{name}',
      summary: 'A saved graph.',
      answers: { 200: 'Graph', 400: problems, 404: problems },
      handle: async (request, response) => response.json(await graphs.get(parameter(request, 'name'))),
    },
    {
      method: 'put',
      path: '/graphs/{name}',
      summary: 'Saves a graph; it may be half built, but must have the form of a graph.',
      body: 'Graph',
      answers: { 200: { name: 'string' }, 400: problems, 422: problems },
      async handle(request, response) {
        const name = parameter(request, 'name');
        const graph = wellFormed(request.body);
        // From the moment that the file is there it keeps what it names; until then, that this was said just now does.
        for (const id of assetIdsIn(JSON.stringify(graph))) await data.assets.touch(id);
        await graphs.put(name, graph);
        response.json({ name });
      },
    },
    {
      method: 'delete',
      path: '/graphs/{name}',
      summary: 'Deletes a saved graph.',
      answers: { 204: null, 400: problems, 404: problems },
      async handle(request, response) {
        await graphs.remove(parameter(request, 'name'));
        response.status(204).end();
      },
    },
    {
      method: 'post',
      path: '/graphs/validate',
      scope: 'read',
      summary: 'Everything that is wrong with a graph; an empty list when nothing is.',
      body: { graph: 'Graph' },
      answers: { 200: problems, 400: problems },
      handle: (request, response) => response.json({ problems: checkGraph(field(request, 'graph'), catalogue).problems }),
    },
    ...planRoutes(services),
    {
      method: 'get',
      path: '/runs/{id}/pictures/{asset}',
      summary: 'A picture of a run as a PNG that carries the graph of the run.',
      answers: { 200: 'bytes', 404: problems },
      async handle(request, response) {
        const { run, graph } = runOf(request);
        const id = parameter(request, 'asset');
        for (const event of runs.eventsWith(run.id, id)) {
          const image = 'outputs' in event && 'node' in event && picturesIn(event.outputs).get(id);
          if (!image) continue;
          const bytes = await data.assets.read(id);
          const png = image.asset.mediaType === 'image/png' ? bytes : await encodePng(await decodePicture(bytes, image.key));
          response.type('image/png').send(Buffer.from(withPictureGraph(png, { graph, node: event.node, ...image })));
          return;
        }
        throw err.NO_SUCH('picture of this run', id);
      },
    },
    ...steering.map(([how, summary]): Route => ({
      method: 'post',
      path: `/runs/{id}/${how}`,
      summary,
      answers: { 200: { run: 'RunSummary' }, 404: problems, 409: problems },
      handle(request, response) {
        const { run, graph } = runOf(request);
        const node = queue.nodeAtWork(run.id);
        const type = node === null ? undefined : nodeInside(graph, node)?.type;
        if (how === 'stop' && node !== null && !catalogue.get(type ?? '')?.definition.stops)
          throw err.CANNOT_STOP(run.id, `node ${node} (${type})`);
        queue.steer(run.id, how);
        response.json({ run: runOf(request).run });
      },
    })),
    {
      method: 'get',
      path: '/pictures',
      summary: 'A picture of the user for showing, upright.',
      query: {
        path: { about: 'A path as nodes take it, or asset:sha256: and the digest of a picture in the store.', of: 'text' },
        layer: {
          about:
            'colours, the default: JPEG, opaque, with the colours also where it is transparent. mask: PNG, white where it is transparent.',
          of: ['colours', 'mask'],
        },
        side: { about: 'Of colours, pixels of the longer side at most; default: full size.', of: 'integer' },
      },
      answers: { 200: 'bytes', 400: problems, 404: problems },
      async handle(request, response) {
        const { path, layer = 'colours', side } = request.query;
        if (layer !== 'colours' && layer !== 'mask') throw err.BAD_REQUEST('query layer', 'colours or mask', JSON.stringify(layer));
        const most = side === undefined ? Infinity : Number(side);
        if (!(most >= 1)) throw err.BAD_REQUEST('query side', 'a whole number from 1', JSON.stringify(side));
        if (typeof path !== 'string' || path === '' || path.includes('\0'))
          throw err.BAD_REQUEST('query path', 'the path of a picture', path === undefined ? 'nothing' : JSON.stringify(path));
        const id = assetIdOf(path);
        const place = id ? (await data.assets.find(id))?.path : data.files.resolve(path);
        if (place === undefined) throw err.NO_SUCH('asset', path);
        if ((await data.files.kind(place)) !== 'file') throw engineErr.MISSING_FILE(place);
        // The head first: a checkpoint of gigabytes is not read to find that it is no picture.
        await checkPicture(place, path);
        const { colours, opacity } = await decodeLayers(await data.files.read(place), path);
        response.set('Cache-Control', 'no-store');
        if (layer === 'colours') return void response.type('image/jpeg').send(await encodeJpeg(colours, most));
        const { width, height } = colours;
        const marked = opacity?.data.map((byte) => 255 - byte) ?? new Uint8Array(width * height);
        response.type('image/png').send(await encodePng({ width, height, channels: 1, data: marked }));
      },
    },
    {
      method: 'post',
      path: '/assets',
      summary: 'Stores bytes: the body itself, or a multipart form with a file. What says it is a picture must be one.',
      body: 'bytes',
      answers: { 201: { asset: 'Asset' }, 400: problems, 413: problems, 507: problems },
      async handle(request, response) {
        const bytes: unknown = request.file?.buffer ?? request.body;
        if (!(bytes instanceof Uint8Array) || bytes.byteLength === 0)
          throw err.BAD_REQUEST('body', 'the bytes of a file, or a form with a file named "file"', 'nothing');
        const mediaType = (request.file?.mimetype ?? request.get('content-type') ?? 'application/octet-stream')
          .split(';')[0]!
          .trim()
          .toLowerCase();
        if (mediaType.startsWith('image/')) await checkPicture(bytes, request.file?.originalname ?? 'of the upload');
        const asset = await data.assets.write(bytes, mediaType);
        keepUpload(data.database, asset.id);
        response.status(201).json({ asset });
      },
    },
    {
      method: 'get',
      path: '/assets/{id}',
      summary: 'The bytes of an asset.',
      answers: { 200: 'bytes', 404: problems },
      async handle(request, response) {
        const id = parameter(request, 'id');
        const stored = await data.assets.find(id);
        if (!stored) throw err.NO_SUCH('asset', id);
        const { mediaType } = stored.asset;
        response.set({
          'Content-Type': mediaType.startsWith('text/') ? `${mediaType}; charset=utf-8` : mediaType,
          'Content-Security-Policy': SANDBOX,
          'Cache-Control': 'private, max-age=31536000, immutable',
        });
        // The content of a name never changes. The root lets the data folder's own name begin with a dot.
        response.sendFile(basename(stored.path), { root: dirname(stored.path), cacheControl: false });
      },
    },
    ...queueRoutes(services),
    ...judgingRoutes(data),
    ...accessRoutes(services),
    ...storageRoutes(services),
    ...batchRoutes(services),
  ];
}
