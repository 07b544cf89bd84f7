// Every route of the API by its own OpenAPI document: right and wrong values for each parameter and body, against a real server. No answer may be a 500.
import { mkdirSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { startServer } from '@facewright/server';
import type { Rng } from '@facewright/tensor';
import { mutateBytes } from './mutate-bytes.ts';
import { mutateJson } from './mutate-json.ts';
import { chance, oddTexts, oddValues, pick, type Suite } from './suite.ts';

const nodes = new URL('../../apps/server/src/fixtures/test-nodes.ts', import.meta.url).href;
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

type Schema = Readonly<Record<string, unknown>>;
interface Operation {
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly { readonly name: string; readonly in: 'path' | 'query'; readonly schema: Schema }[];
  readonly bodies: Readonly<Record<string, Schema>>;
}
interface OpenApi {
  readonly paths: Readonly<
    Record<string, Record<string, { parameters?: Operation['parameters']; requestBody?: { content: Record<string, { schema: Schema }> } }>>
  >;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}
/** What tells too much about time: an event stream ends only with its run, so only its head is read. */
const READ_MS = 1500;

const graph = (value: unknown) => ({
  facewright: 1,
  name: 'fuzz',
  nodes: {
    a: { type: 'test/source', version: 1, values: { value } },
    b: { type: 'test/paint', version: 1 },
    c: { type: 'test/show', version: 1 },
  },
  links: [{ from: ['a', 'value'], to: ['c', 'value'] }],
});

/** A value of a schema, mostly right. */
function valueOf(rng: Rng, schema: Schema, all: OpenApi['components']['schemas'], depth = 0): unknown {
  if (chance(rng, 0.08) || depth > 6) return pick(rng, oddValues);
  const {
    $ref,
    enum: of,
    const: only,
    type,
    properties,
    required,
    items,
    additionalProperties,
    anyOf,
    oneOf,
  } = schema as Record<string, never>;
  if ($ref)
    return ($ref as string).endsWith('/Graph') && chance(rng, 0.8)
      ? graph(rng.integer(100))
      : valueOf(rng, all[($ref as string).split('/').at(-1)!] ?? {}, all, depth + 1);
  if (only !== undefined) return only;
  if (of) return pick(rng, of);
  const choices = (anyOf ?? oneOf) as readonly Schema[] | undefined;
  if (choices) return valueOf(rng, pick(rng, choices), all, depth + 1);
  switch (Array.isArray(type) ? pick(rng, type as string[]) : type) {
    case 'object':
      return {
        ...Object.fromEntries(
          Object.entries((properties ?? {}) as Record<string, Schema>)
            .filter(([name]) => chance(rng, (required as string[] | undefined)?.includes(name) ? 0.95 : 0.5))
            .map(([name, inner]) => [name, valueOf(rng, inner, all, depth + 1)]),
        ),
        ...(additionalProperties === undefined
          ? {}
          : { [pick(rng, ['a', 'n1', 'value'])]: valueOf(rng, additionalProperties, all, depth + 1) }),
      };
    case 'array':
      return Array.from({ length: rng.integer(4) }, () => valueOf(rng, items ?? {}, all, depth + 1));
    case 'string':
      return pick(rng, ['fuzz', 'a', ...oddTexts]);
    case 'integer':
    case 'number':
      return pick(rng, [0, 1, 2, 10, -1, 0.5, 2 ** 40, 1e300]);
    case 'boolean':
      return chance(rng, 0.5);
    case 'null':
      return null;
    default:
      return pick(rng, oddValues);
  }
}

export const http: Suite = {
  about: 'requests to every route of the API',
  limitMs: 15_000,
  async open(folder) {
    mkdirSync(join(folder, 'editor'), { recursive: true });
    writeFileSync(join(folder, 'editor', 'index.html'), '<!doctype html><title>Editor</title>');
    let logged = '';
    const server = await startServer({
      port: 0,
      host: '127.0.0.1',
      dataFolder: join(folder, 'data'),
      provider: 'null',
      nodes,
      templatesFolder: join(import.meta.dirname, '../../templates'),
      editorFolder: join(folder, 'editor'),
      cancelGraceMs: 300,
      log: { ...silent, error: (message) => (logged = message) },
    });
    const send = (method: string, path: string, headers: Record<string, string> = {}, body?: Uint8Array) =>
      new Promise<{ status: number; text: string }>((resolve, reject) => {
        const request = httpRequest(
          { port: server.port, method, path, headers: { ...headers, 'content-length': body?.length ?? 0 } },
          (response) => {
            const parts: Buffer[] = [];
            const end = () => resolve({ status: response.statusCode!, text: Buffer.concat(parts).toString('latin1', 0, 4000) });
            const timer = setTimeout(() => {
              request.destroy();
              end();
            }, READ_MS);
            response.on('data', (part: Buffer) => parts.length < 64 && parts.push(part));
            response.on('close', () => {
              clearTimeout(timer);
              end();
            });
          },
        );
        // A refused body ends the connection while it is still being sent.
        request.on('error', (error: NodeJS.ErrnoException) =>
          ['ECONNRESET', 'EPIPE'].includes(error.code ?? '') ? resolve({ status: 499, text: '' }) : reject(error),
        );
        request.end(body);
      });
    const json = async (method: string, path: string, body?: unknown) =>
      JSON.parse(
        (
          await send(
            method,
            path,
            { 'content-type': 'application/json' },
            body === undefined ? undefined : Buffer.from(JSON.stringify(body)),
          )
        ).text,
      ) as Record<string, never>;
    const api = JSON.parse(await (await fetch(`${server.url}/api/v1/openapi.json`)).text()) as OpenApi;
    const operations: Operation[] = Object.entries(api.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { parameters = [], requestBody }]) => ({
        method: method.toUpperCase(),
        path,
        parameters,
        bodies: Object.fromEntries(Object.entries(requestBody?.content ?? {}).map(([type, { schema }]) => [type, schema])),
      })),
    );
    // Things that are there, so that not every request ends at a name that is not.
    const runs: string[] = [];
    for (let i = 0; i < 3; i++) runs.push((await json('POST', '/api/v1/runs', { graph: graph(i) }))['run']!['id']);
    const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
    const upload = JSON.parse((await send('POST', '/api/v1/assets', { 'content-type': 'image/png' }, png)).text) as {
      asset: { id: string };
    };
    await json('PUT', '/api/v1/graphs/fuzz', graph(1));
    const known = ['fuzz', 'face-quality-loop', upload.asset.id, 'sha256:' + '0'.repeat(64), ...runs];
    const listed = new Set<string>();

    const parameterOf = (rng: Rng, schema: Schema): string => {
      if (chance(rng, 0.4)) return pick(rng, known);
      const value = chance(rng, 0.7) ? valueOf(rng, schema, api.components.schemas) : pick(rng, oddTexts);
      return typeof value === 'string' ? value : JSON.stringify(value);
    };
    const encoded = (rng: Rng, text: string): string =>
      chance(rng, 0.9) ? encodeURIComponent(text.toWellFormed()) : text.replace(/[^\x21-\x7e]/g, '%');
    const bodyOf = (rng: Rng, { bodies }: Operation): { type?: string; bytes?: Uint8Array } => {
      const types = Object.keys(bodies);
      if (types.length === 0 && chance(rng, 0.8)) return {};
      const type = chance(rng, 0.9)
        ? pick(rng, types.length ? types : ['application/json'])
        : pick(rng, [
            'text/plain',
            'application/x-www-form-urlencoded',
            'multipart/form-data',
            'image/png',
            'application/json; charset=utf-7',
            '',
          ]);
      if (type !== 'application/json')
        return { type, bytes: chance(rng, 0.5) ? mutateBytes(rng, png, [png]) : Buffer.from(pick(rng, oddTexts)) };
      const value = valueOf(rng, bodies[type] ?? {}, api.components.schemas);
      const text = JSON.stringify(chance(rng, 0.3) ? mutateJson(rng, value, [graph(1)]) : value) ?? 'null';
      return { type, bytes: chance(rng, 0.1) ? mutateBytes(rng, Buffer.from(text), [png]) : Buffer.from(text) };
    };

    return {
      async one(rng) {
        const operation = pick(rng, operations);
        listed.add(`${operation.method} ${operation.path}`);
        let path = operation.path.replace(/\{(\w+)\}/g, (_, name: string) =>
          encoded(rng, parameterOf(rng, operation.parameters.find((one) => one.name === name)?.schema ?? {})),
        );
        const query = operation.parameters
          .filter((one) => one.in === 'query' && chance(rng, 0.6))
          .flatMap(({ name, schema }) =>
            Array.from(
              { length: chance(rng, 0.1) ? 2 : 1 },
              () => `${name}${chance(rng, 0.05) ? '[a]' : ''}=${encoded(rng, parameterOf(rng, schema))}`,
            ),
          );
        if (query.length > 0) path += `?${query.join('&')}`;
        if (chance(rng, 0.03)) path = `/${encoded(rng, pick(rng, oddTexts))}`;
        const { type, bytes } = bodyOf(rng, operation);
        const method = chance(rng, 0.97) ? operation.method : pick(rng, ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD']);
        path = path.slice(0, 12_000);
        logged = '';
        const { status, text } = await send(method, path, type ? { 'content-type': type } : {}, bytes);
        const what = `${method} ${path.slice(0, 300)} ${type ?? ''} ${Buffer.from(bytes ?? []).toString('latin1', 0, 500)}`;
        if (status >= 500) throw new Error(`${status} to ${what}: ${text.slice(0, 300)} ${logged.slice(0, 1000)}`);
        if (status >= 400 && status !== 499 && method !== 'HEAD' && path.startsWith('/api/') && !text.startsWith('{"problems":[{"code":'))
          throw new Error(`${status} without problems to ${what}: ${text.slice(0, 300)}`);
        return status < 400 ? 'accepted' : 'refused';
      },
      async close() {
        const never = operations.map(({ method, path }) => `${method} ${path}`).filter((name) => !listed.has(name));
        await server.close();
        if (listed.size > 200 && never.length > 0) throw new Error(`never asked: ${never.join(', ')}`);
      },
    };
  },
};
