// How often one client may do what costs: wrong tokens, uploads, and whatever else changes something.
import type { Request, RequestHandler } from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import { err } from '../errors.ts';

const MINUTE = 60_000;

const limit = (what: string, perMinute: number, keyOf: (request: Request) => string, onlyFailed = false): RequestHandler =>
  rateLimit({
    windowMs: MINUTE,
    limit: perMinute,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    identifier: what.replaceAll(' ', '-'),
    keyGenerator: keyOf,
    skipSuccessfulRequests: onlyFailed,
    // The key is made of the address in one place and of the token in the other; each is checked by its own spec.
    validate: { keyGeneratorIpFallback: false },
    handler: (_, __, next) => next(err.TOO_MANY(what, perMinute)),
  });
const byAddress = ({ ip }: Request): string => ipKeyGenerator(ip ?? '');

/** Limits for a server that others can reach. `whose`: the name under which a request came in. */
export const createLimits = (whose: (request: Request) => string) => ({
  /** Asked only once a request has no right to come in. */
  refusals: limit('refused requests', 30, byAddress),
  failures: limit('failed attempts', 30, byAddress, true),
  uploads: limit('uploads', 240, whose),
  changes: limit('changes', 1200, whose),
});
