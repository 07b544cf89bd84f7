// What watches a server asks over HTTP: /metrics, /healthz, /readyz; and how long every request took.
import type { Problem } from '@facewright/core';
import { Router, type Request, type RequestHandler } from 'express';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';

export interface Monitoring {
  readonly metrics: Metrics;
  /** Everything that keeps the server from taking work. */
  readiness(): Promise<readonly Problem[]>;
}

/** Addresses may hold secrets such as an annotator's token, so a request is known by the template of its route alone. */
export const timeRequests =
  ({ http }: Pick<Metrics, 'http'>, log: Log): RequestHandler =>
  (request, response, next) => {
    const begun = performance.now();
    response.on('close', () => {
      const seconds = (performance.now() - begun) / 1000;
      const { path = 'other' } = (request.route as { path?: string } | undefined) ?? {};
      http(request.method, path, response.statusCode, seconds);
      log.debug(`${request.method} ${path} ${response.statusCode}`, { seconds });
    });
    next();
  };

/** `admission` stands before what tells more than how the server is; `isKnown`: who may hear why. */
export function monitoringRoutes(
  { metrics, readiness }: Monitoring,
  admission: readonly RequestHandler[],
  isKnown: (request: Request) => boolean,
): Router {
  const router = Router();
  router.get('/metrics', ...admission, async (_, response) => {
    response.set('Content-Type', metrics.contentType).send(await metrics.text());
  });
  router.get('/healthz', (_, response) => {
    response.json({ alive: true });
  });
  router.get('/readyz', async (request, response) => {
    const problems = await readiness();
    response.status(problems.length === 0 ? 200 : 503).json({ ready: problems.length === 0, problems: isKnown(request) ? problems : [] });
  });
  return router;
}
