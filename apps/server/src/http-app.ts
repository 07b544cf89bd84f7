// The HTTP side: the API, the editor's files, and errors as problems.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, toProblem, type Problem } from '@facewright/core';
import { CodedError } from '@facewright/tensor';
import SQLite from 'better-sqlite3';
import express, { type ErrorRequestHandler, type Express, type Request, type RequestHandler, type Response } from 'express';
import helmet from 'helmet';
import multer, { MulterError } from 'multer';
import { storageError } from './database.ts';
import { err } from './errors.ts';
import { refuse } from './guard.ts';
import type { Log } from './observe/log.ts';
import { monitoringRoutes, timeRequests, type Monitoring } from './observe/monitoring.ts';
import { openApi } from './openapi.ts';
import { problemsOf } from './request-parts.ts';
import { createRoutes, type Services } from './routes.ts';

const JSON_LIMIT = '16 MB';
const UPLOAD_LIMIT = 256 * 2 ** 20;

export interface HttpOptions {
  readonly services: Services;
  /** The address that the server listens on. */
  readonly host: string;
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
  SERVER_NOT_AT_WORK: 409,
  SERVER_CANNOT_STOP: 409,
  SERVER_KEY_TAKEN: 409,
  SERVER_NOT_WAITING: 409,
  SERVER_NOT_ENDED: 409,
  SERVER_TOO_LARGE: 413,
  SERVER_FOREIGN: 403,
  SERVER_DISK_FULL: 507,
  SERVER_WRITE_FAILED: 500,
  SERVER_INTERNAL: 500,
};

export function createHttpApp({ services, host, editorFolder, monitoring, log }: HttpOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(timeRequests(monitoring.metrics, log));
  app.use(
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'self'"],
          imgSrc: ["'self'", 'data:', 'blob:'],
          styleSrc: ["'self'", "'unsafe-inline'"],
          connectSrc: ["'self'", 'ws:', 'wss:'],
          workerSrc: ["'self'", 'blob:'],
          objectSrc: ["'none'"],
          baseUri: ["'self'"],
          formAction: ["'self'"],
          frameAncestors: ["'self'"],
        },
      },
      strictTransportSecurity: false,
    }),
  );
  app.use((request, _, next) => next(refuse(request.headers, host) ?? undefined));

  app.use(monitoringRoutes(monitoring));
  const routes = createRoutes(services);
  const bodies = { json: express.json({ limit: JSON_LIMIT.replace(' ', '').toLowerCase() }), bytes: readBytes() };
  const api = express.Router();
  for (const route of routes) {
    const before: RequestHandler[] = route.body === undefined ? [] : [route.body === 'bytes' ? bodies.bytes : bodies.json];
    api[route.method](route.path.replace(/\{(\w+)\}/g, ':$1'), ...before, async (request: Request, response: Response) => {
      await route.handle(request, response);
    });
  }
  api.get('/openapi.json', (_, response) => {
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

/** A multipart form's file, or else the body as it is. */
function readBytes(): RequestHandler {
  const form = multer({ storage: multer.memoryStorage(), limits: { fileSize: UPLOAD_LIMIT, files: 1 } }).single('file');
  const raw = express.raw({ type: () => true, limit: UPLOAD_LIMIT });
  return (request, response, next) => {
    (request.is('multipart/form-data') ? form : raw)(request, response, next);
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
    const problems: readonly Problem[] = [toProblem(coded)];
    response.status(status).json({ problems });
  };
