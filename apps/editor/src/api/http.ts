// Requests to the server's HTTP API; a refusal is thrown with all of its problems.
import type {
  Asset,
  BatchCheck,
  BatchData,
  BatchDetails,
  BatchRequest,
  BatchRowRecord,
  BatchSummary,
  ForetoldRun,
  Graph,
  JudgingSummary,
  ModelFolder,
  NodeDescription,
  Problem,
  RunSummary,
} from '@facewright/core';
import { askForToken } from '../login/login-screen.ts';

export interface TemplateInfo {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** How many nodes it has. */
  readonly nodes: number;
  /** There is a picture of what it makes. */
  readonly thumbnail: boolean;
}
export interface SavedGraph {
  readonly name: string;
  readonly modified: string;
}

/** A model as the server lists it. */
export interface ModelInfo {
  /** As graphs write it: checkpoints/portraits/soft.safetensors. */
  readonly path: string;
  readonly kind: 'safetensors' | 'torch' | 'onnx' | 'folder';
  readonly bytes: number;
  readonly modified: string;
}
export interface ModelListing {
  readonly models: readonly ModelInfo[];
  /** The models folders that were looked in. */
  readonly folders: readonly string[];
}

/** What of a graph is run, and whether before all others. */
export interface RunRequest {
  readonly targets?: readonly string[];
  readonly front?: boolean;
}

/** How often, and how soon, ms, what was not answered is sent again. */
const AGAIN = 5;
const AGAIN_MS = 2000;

/** The server said no, or could not be reached; `problems` is never empty. */
export class RequestRefused extends Error {
  readonly status: number;
  readonly problems: readonly Problem[];
  constructor(status: number, problems: readonly Problem[]) {
    super(problems.map((problem) => problem.message).join('\n'));
    this.status = status;
    this.problems = problems;
  }
}

const noAnswer = (): RequestRefused =>
  new RequestRefused(0, [{ code: 'EDITOR_OFFLINE', message: 'The server does not answer. Is it still running?' }]);

/** The answer to a request that the server granted; a Blob is sent as it is, anything else as JSON. */
async function send(method: string, path: string, body?: unknown): Promise<Response> {
  const [payload, type] = body instanceof Blob ? [body, body.type] : [JSON.stringify(body), 'application/json'];
  let response: Response;
  try {
    response = await fetch(`/api/v1${path}`, {
      method,
      ...(body !== undefined && { body: payload, headers: { 'content-type': type } }),
    });
  } catch {
    throw noAnswer();
  }
  if (response.ok) return response;
  const problems = problemsIn(await response.text(), response);
  if (problems[0]?.code !== 'SERVER_TOKEN_NEEDED') throw new RequestRefused(response.status, problems);
  // Whoever logs in again goes on where they were.
  await askForToken('ended');
  return send(method, path, body);
}
async function request<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await send(method, path, body);
  const text = await response.text().catch(() => {
    throw noAnswer();
  });
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

/** Tries again when the connection was lost before an answer came. */
async function insist<T>(ask: () => Promise<T>): Promise<T> {
  for (let again = AGAIN; ; again--) {
    try {
      return await ask();
    } catch (error) {
      if (again === 0 || !(error instanceof RequestRefused) || error.status !== 0) throw error;
      await new Promise((go) => setTimeout(go, AGAIN_MS));
    }
  }
}

function problemsIn(text: string, response: Response): readonly Problem[] {
  try {
    const { problems } = JSON.parse(text) as { problems?: readonly Problem[] };
    if (problems?.length) return problems;
  } catch {
    // Not JSON: a proxy or a crash answered; its status is all there is to tell.
  }
  return [{ code: 'EDITOR_BAD_ANSWER', message: `The server answered ${response.status} ${response.statusText}` }];
}

const named = (name: string): string => encodeURIComponent(name);

export const api = {
  nodes: async () => (await request<{ nodes: readonly NodeDescription[] }>('GET', '/nodes')).nodes,
  models: (folder: ModelFolder) => request<ModelListing>('GET', `/models?folder=${folder}`),
  templates: async () => (await request<{ templates: readonly TemplateInfo[] }>('GET', '/templates')).templates,
  template: (name: string) => request<Graph>('GET', `/templates/${named(name)}`),
  graphs: async () => (await request<{ graphs: readonly SavedGraph[] }>('GET', '/graphs')).graphs,
  graph: (name: string) => request<Graph>('GET', `/graphs/${named(name)}`),
  saveGraph: (name: string, graph: Graph) => request<unknown>('PUT', `/graphs/${named(name)}`, graph),
  deleteGraph: (name: string) => request<unknown>('DELETE', `/graphs/${named(name)}`),
  validate: async (graph: Graph) => (await request<{ problems: readonly Problem[] }>('POST', '/graphs/validate', { graph })).problems,
  explain: (graph: Graph) => request<ForetoldRun>('POST', '/graphs/explain', { graph }),
  /** The same key again gives the run that there is, so it is sent again by itself when no answer comes. */
  start: async (graph: Graph, { targets, front }: RunRequest, key: string) =>
    (await insist(() => request<{ run: RunSummary }>('POST', '/runs', { graph, targets, front, key }))).run,
  retry: async (id: string) => (await request<{ run: RunSummary }>('POST', `/runs/${named(id)}/retry`)).run,
  removeRun: (id: string) => request<unknown>('DELETE', `/runs/${named(id)}`),
  move: (id: string, to: { readonly before: string } | { readonly after: string } | { readonly to: 'front' }) =>
    request<unknown>('POST', `/runs/${named(id)}/move`, to),
  pauseQueue: (paused: boolean) => request<unknown>('POST', `/queue/${paused ? 'pause' : 'resume'}`),
  cancelAll: () => request<unknown>('POST', '/queue/cancel'),
  run: (id: string) => request<{ run: RunSummary; graph: Graph }>('GET', `/runs/${named(id)}`),
  /** Stores a picture or a mask. */
  upload: async (bytes: Blob) => (await request<{ asset: Asset }>('POST', '/assets', bytes)).asset,
  /** A picture of the user, by a path or the name of an asset. */
  picture: async (path: string, layer: 'colours' | 'mask' = 'colours') =>
    (await send('GET', `/pictures?path=${named(path)}&layer=${layer}`)).blob(),
  asset: async (id: string) => (await send('GET', `/assets/${named(id)}`)).blob(),
  judging: async () => (await request<{ tasks: readonly JudgingSummary[] }>('GET', '/judging')).tasks,
  deleteJudging: (task: string) => request<unknown>('DELETE', `/judging/${named(task)}`),
  addAnnotator: (task: string, name: string) => request<unknown>('POST', `/judging/${named(task)}/annotators`, { name }),
  withdrawAnnotator: (task: string, token: string) => request<unknown>('DELETE', `/judging/${named(task)}/annotators/${named(token)}`),
  batches: async () => (await request<{ batches: readonly BatchSummary[] }>('GET', '/batches')).batches,
  batch: async (id: string) => (await request<{ batch: BatchDetails }>('GET', `/batches/${named(id)}`)).batch,
  checkBatch: (asked: BatchRequest) => request<BatchCheck>('POST', '/batches/check', asked),
  /** The same key again gives the batch that there is. */
  startBatch: async (asked: BatchRequest, key: string) =>
    (await request<{ batch: BatchDetails }>('POST', '/batches', { ...asked, key })).batch,
  steerBatch: async (id: string, how: 'pause' | 'continue' | 'cancel' | 'retry-failed') =>
    (await request<{ batch: BatchDetails }>('POST', `/batches/${named(id)}/${how}`)).batch,
  /** Before all others of that priority. */
  moveBatch: async (id: string, to: { readonly priority: number; readonly front: true }) =>
    (await request<{ batch: BatchDetails }>('POST', `/batches/${named(id)}/move`, to)).batch,
  appendRows: async (id: string, data: BatchData) =>
    (await request<{ batch: BatchDetails }>('POST', `/batches/${named(id)}/rows`, { data })).batch,
  removeBatch: (id: string) => request<unknown>('DELETE', `/batches/${named(id)}`),
  batchRows: async (id: string, after: number, limit: number, status?: 'failed') =>
    (
      await request<{ rows: readonly BatchRowRecord[] }>(
        'GET',
        `/batches/${named(id)}/rows?after=${after}&limit=${limit}${status ? `&status=${status}` : ''}`,
      )
    ).rows,
  batchRow: (id: string, row: number) => request<{ record: BatchRowRecord; graph: Graph }>('GET', `/batches/${named(id)}/rows/${row}`),
  cancel: async (id: string) => (await request<{ run: RunSummary }>('POST', `/runs/${named(id)}/cancel`)).run,
  /** `stop`: the node at work gives what it has. */
  steer: async (id: string, how: 'pause' | 'continue' | 'stop') =>
    (await request<{ run: RunSummary }>('POST', `/runs/${named(id)}/${how}`)).run,
} as const;

/** Where the bytes of an asset are. */
export const assetUrl = (asset: Pick<Asset, 'id'>): string => `/api/v1/assets/${named(asset.id)}`;
/** Where a picture of a run is as a PNG that carries the run's graph. */
export const pictureUrl = (run: string, asset: Pick<Asset, 'id'>): string => `/api/v1/runs/${named(run)}/pictures/${named(asset.id)}`;
/** Where a picture of the user is, small; `path` may name an asset. */
export const smallPictureUrl = (path: string): string => `/api/v1/pictures?path=${named(path)}&side=512`;
/** Where the results of a batch are as a file. */
export const resultsUrl = (batch: string, format: 'csv' | 'jsonl'): string => `/api/v1/batches/${named(batch)}/results.${format}`;
/** Where the votes of a judging task are as a file. */
export const exportUrl = (task: string, format: 'jsonl' | 'csv'): string => `/api/v1/judging/${named(task)}/export?format=${format}`;
export const thumbnailUrl = (template: string): string => `/api/v1/templates/${named(template)}/thumbnail`;
