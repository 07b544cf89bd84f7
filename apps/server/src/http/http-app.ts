// The HTTP side: the API, the editor's files, and errors as problems.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, toProblem, type Problem } from '@facewright/core';
import { CodedError } from '@facewright/tensor';
import SQLite from 'better-sqlite3';
import express, { type ErrorRequestHandler, type Express, type Request, type RequestHandler, type Response } from 'express';
import helmet from 'helmet';
import multer, { MulterError } from 'multer';
import { storageError } from '../data/database.ts';
import { covers } from '../access/access-store.ts';
import type { Gate } from '../access/gate.ts';
import { createLimits } from '../access/limits.ts';
import { err } from '../errors.ts';
import { refuse, type Addresses } from '../access/guard.ts';
import { nestsTooDeep } from './json-nesting.ts';
import type { Log } from '../observe/log.ts';
import { monitoringRoutes, timeRequests, type Monitoring } from '../observe/monitoring.ts';
import { openApi } from './openapi.ts';
import { redactProblem } from '../access/redact-secrets.ts';
import { problemsOf } from './request-parts.ts';
import { createRoutes, scopeOf, type Route, type Services } from './routes.ts';

const JSON_LIMIT = '16 MB';
const UPLOAD_LIMIT = 256 * 2 ** 20;

export interface HttpOptions {
  readonly services: Services;
  readonly addresses: Addresses;
  /** The built editor. */
  readonly editorFolder: string;
  readonly monitoring: Monitoring;
  readonly log: Log;
}

const statuses: Readonly<Record<string, number>> = {
  SERVER_NO_SUCH: 404,
  SERVER_NO_ROUTE: 404,
  ENGINE_MISSING_ASSET: 404,
  ENGINE_MISSING_FILE: 404,
  ENGINE_MISSING_JUDGING: 404,
  SERVER_NO_LOCK: 409,
  SERVER_NOT_AT_WORK: 409,
  SERVER_CANNOT_STOP: 409,
  SERVER_KEY_TAKEN: 409,
  SERVER_NOT_WAITING: 409,
  SERVER_NOT_ENDED: 409,
  SERVER_BACKUP_AT_WORK: 409,
  SERVER_BATCH_STATE: 409,
  SERVER_TOO_LARGE: 413,
  SERVER_FOREIGN: 403,
  SERVER_TOKEN_NEEDED: 401,
  SERVER_BAD_TOKEN: 401,
  SERVER_SCOPE: 403,
  SERVER_PATH: 403,
  SERVER_TOO_MANY: 429,
  SERVER_TOO_DEEP: 413,
  SERVER_DISK_FULL: 507,
  SERVER_WRITE_FAILED: 500,
  SERVER_INTERNAL: 500,
};

/** Nothing of a page needs more than its own server: no script or style within it, no other site, no frame around it, no device. */
const PAGE_POLICY = {
  useDefaults: false,
  directives: {
    defaultSrc: ["'self'"],
    imgSrc: ["'self'", 'data:', 'blob:'],
    workerSrc: ["'self'", 'blob:'],
    objectSrc: ["'none'"],
    baseUri: ["'none'"],
    formAction: ["'self'"],
    frameAncestors: ["'none'"],
  },
};
const DEVICES = ['camera', 'microphone', 'geolocation', 'display-capture', 'usb', 'serial', 'hid', 'midi', 'payment']
  .map((name) => `${name}=()`)
  .join(', ');

export function createHttpApp({ services, addresses, editorFolder, monitoring, log }: HttpOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(timeRequests(monitoring.metrics, log));
  app.use(helmet({ contentSecurityPolicy: PAGE_POLICY, strictTransportSecurity: false }));
  app.use((request, response, next) => {
    response.set('Permissions-Policy', DEVICES);
    next(refuse(request.headers, addresses, !request.path.startsWith('/api')) ?? undefined);
  });

  const routes = createRoutes(services);
  const admission = createAdmission(services.gate);
  app.use(monitoringRoutes(monitoring, admission({ method: 'get' }), ({ headers }) => services.gate.who(headers) !== null));
  const bodies = {
    json: express.json({
      limit: JSON_LIMIT.replace(' ', '').toLowerCase(),
      verify: (_, __, bytes) => {
        if (nestsTooDeep(bytes)) throw err.TOO_DEEP();
      },
    }),
    bytes: readBytes(),
  };
  const api = express.Router();
  for (const route of routes) {
    const body: RequestHandler[] = route.body === undefined ? [] : [route.body === 'bytes' ? bodies.bytes : bodies.json];
    api[route.method](
      route.path.replace(/\{(\w+)\}/g, ':$1'),
      ...admission(route),
      ...body,
      async (request: Request, response: Response) => {
        await route.handle(request, response);
      },
    );
  }
  api.get('/openapi.json', ...admission({ method: 'get' }), (_, response) => {
    response.json(openApi(routes));
  });
  app.use('/api/v1', api);
  app.use('/api', (request) => {
    throw err.NO_ROUTE(request.method, request.originalUrl);
  });
  serveEditor(app, editorFolder);
  app.use(answerError(log));
  return app;
}

/** What stands before a route: who may, and how often; nothing where no token is needed. */
function createAdmission(gate: Gate): (route: Pick<Route, 'method' | 'scope' | 'body'>) => RequestHandler[] {
  if (!gate.required) return () => [];
  const limits = createLimits((request) => gate.who(request.headers)?.name ?? '');
  const refuseWith = (error: CodedError, ...[request, response, next]: Parameters<RequestHandler>): void =>
    void limits.refusals(request, response, (tooMany?: unknown) => next(tooMany ?? error));
  return (route) => {
    const scope = scopeOf(route);
    if (scope === 'open') return route.method === 'get' ? [] : [limits.failures];
    return [
      (request, response, next) => {
        const who = gate.who(request.headers);
        if (!who) {
          response.set('WWW-Authenticate', 'Bearer realm="facewright"');
          return refuseWith(err.TOKEN_NEEDED(), request, response, next);
        }
        if (!covers(who.scope, scope)) return next(err.SCOPE(who.name, scope, who.scope));
        const leave = gate.keep(who, () => response.destroy());
        response.once('close', leave);
        next();
      },
      ...(route.method === 'get' ? [] : [route.body === 'bytes' ? limits.uploads : limits.changes]),
    ];
  };
}

/** A multipart form's file, or else the body as it is. */
function readBytes(): RequestHandler {
  const form = multer({ storage: multer.memoryStorage(), limits: { fileSize: UPLOAD_LIMIT, files: 1 } }).single('file');
  const raw = express.raw({ type: () => true, limit: UPLOAD_LIMIT });
  return (request, response, next) => {
    if (!request.is('multipart/form-data')) return raw(request, response, next);
    // Of a form without a boundary the parser says so by throwing, of one that is cut short by an error without a code.
    const refuse = (cause: unknown): void =>
      next(cause instanceof MulterError ? cause : err.BAD_REQUEST('form', 'one that can be read', messageOf(cause)));
    try {
      form(request, response, (cause?: unknown) => (cause === undefined ? next() : refuse(cause)));
    } catch (cause) {
      refuse(cause);
    }
  };
}

function serveEditor(app: Express, folder: string): void {
  const send = (response: Response, page: string): void => {
    if (existsSync(join(folder, page))) response.sendFile(page, { root: folder });
    else
      response
        .status(503)
        .type('text/plain')
        .send('The editor is not built yet: run "npm run build" in the project folder, then reload. The API is at /api/v1/openapi.json.\n');
  };
  app.use(express.static(folder));
  // Whoever has an annotator's link gets this page and, by the token, their own sets; nothing else of it leads further.
  app.get('/judge/:token', (_, response) => send(response, 'judge.html'));
  app.get('/', (_, response) => send(response, 'index.html'));
  app.use((request) => {
    throw err.NO_ROUTE(request.method, request.originalUrl);
  });
}

/** What parsers throw, in our words. */
function translate(error: unknown): unknown {
  if (error instanceof CodedError) return error;
  if (error instanceof MulterError)
    return error.code === 'LIMIT_FILE_SIZE'
      ? err.TOO_LARGE(`${UPLOAD_LIMIT / 2 ** 20} MB`)
      : err.BAD_REQUEST('form', 'one file named "file"', error.message);
  if (error instanceof URIError) return err.BAD_REQUEST('address', 'percent-encoded UTF-8', error.message);
  const { type, status, message } = error as { type?: string; status?: number; message?: string };
  if (type === 'entity.parse.failed') return err.BAD_JSON(message ?? '');
  if (type === 'entity.too.large') return err.TOO_LARGE(`${JSON_LIMIT} of JSON, ${UPLOAD_LIMIT / 2 ** 20} MB of a file`);
  if (status !== undefined && status >= 400 && status < 500)
    return err.BAD_REQUEST('request', 'one that can be read', message ?? String(status));
  if (error instanceof SQLite.SqliteError) return storageError(error);
  return error;
}

const answerError =
  (log: Log): ErrorRequestHandler =>
  (thrown: unknown, _, response, next) => {
    if (response.headersSent) return next(thrown);
    const graphProblems = problemsOf(thrown);
    if (graphProblems) return void response.status(422).json({ problems: graphProblems });
    const error = translate(thrown);
    const coded = error instanceof CodedError ? error : err.INTERNAL(messageOf(error));
    const status = statuses[coded.code] ?? 400;
    if (status >= 500) log.error(error instanceof Error ? (error.stack ?? error.message) : coded.message);
    const problems: readonly Problem[] = [redactProblem(toProblem(coded))];
    response.status(status).json({ problems });
  };
