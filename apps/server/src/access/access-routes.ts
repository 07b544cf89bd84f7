// Tokens over HTTP: showing one to get the cookie of a session, and, for who may, making and revoking them.
import type { CookieOptions, Request } from 'express';
import { err } from '../errors.ts';
import { field, parameter } from '../http/request-parts.ts';
import type { Fields, Route, Services } from '../http/routes.ts';
import { scopes, type Scope } from './access-store.ts';
import { COOKIE } from './gate.ts';

const problems: Fields = { problems: 'Problem[]' };

/** No script reads it, and no other site sends it. */
const cookieOf = (request: Request): CookieOptions => ({
  httpOnly: true,
  sameSite: 'strict',
  path: '/',
  secure: request.get('origin')?.startsWith('https:') ?? false,
});

function scopeIn(request: Request): Scope {
  const scope = field(request, 'scope');
  const known = scopes.find((name) => name === scope);
  if (!known) throw err.BAD_REQUEST('scope', scopes.join(', '), JSON.stringify(scope) ?? 'nothing');
  return known;
}
function expiryIn(request: Request): Date | null {
  const expires = field(request, 'expires') ?? null;
  if (expires === null) return null;
  const date = new Date(typeof expires === 'string' ? expires : NaN);
  if (!(date.getTime() > Date.now())) throw err.BAD_REQUEST('expires', 'a date and time to come, or null', JSON.stringify(expires));
  return date;
}

export const accessRoutes = ({ access, gate }: Pick<Services, 'access' | 'gate'>): readonly Route[] => [
  {
    method: 'get',
    path: '/session',
    summary: 'Who asks, and whether a token is needed at all. `session` is null for nobody known.',
    scope: 'open',
    answers: { 200: { required: 'boolean', session: 'Session' } },
    handle(request, response) {
      const who = gate.who(request.headers);
      response.set('Cache-Control', 'no-store').json({ required: gate.required, session: who && { name: who.name, scope: who.scope } });
    },
  },
  {
    method: 'post',
    path: '/session',
    summary: 'Takes a token and gives the cookie of a session, for browsers.',
    scope: 'open',
    body: { token: 'string' },
    answers: { 200: { session: 'Session' }, 400: problems, 401: problems, 429: problems },
    handle(request, response) {
      const token = field(request, 'token');
      if (typeof token !== 'string') throw err.BAD_REQUEST('token', 'text', 'something else');
      const who = gate.who({ authorization: `Bearer ${token.trim()}` });
      if (!who) throw err.BAD_TOKEN();
      if (gate.required) {
        const { secret, expires } = access.openSession(who);
        response.cookie(COOKIE, secret, { ...cookieOf(request), expires });
      }
      response.set('Cache-Control', 'no-store').json({ session: { name: who.name, scope: who.scope } });
    },
  },
  {
    method: 'delete',
    path: '/session',
    summary: 'Ends the session of this browser; its token stays.',
    scope: 'open',
    answers: { 204: null },
    handle(request, response) {
      const who = gate.required ? gate.who(request.headers) : null;
      if (who) access.closeSession(who);
      // When it is sent: the sweep ends connections, this one too.
      response.once('finish', gate.sweep).clearCookie(COOKIE, cookieOf(request)).status(204).end();
    },
  },
  {
    method: 'get',
    path: '/tokens',
    summary: 'The tokens that let others in, without their secrets.',
    scope: 'admin',
    answers: { 200: { tokens: 'AccessToken[]' } },
    handle: (_, response) => response.json({ tokens: access.list() }),
  },
  {
    method: 'post',
    path: '/tokens',
    summary: 'Makes a token; `secret` is shown this once. `expires`: date and time, or null.',
    scope: 'admin',
    body: { name: 'string', scope: 'Scope', expires: 'string?' },
    answers: { 201: { secret: 'string', token: 'AccessToken' }, 400: problems },
    handle(request, response) {
      const name = field(request, 'name');
      if (typeof name !== 'string') throw err.BAD_REQUEST('name of the token', 'text', 'something else');
      response
        .status(201)
        .set('Cache-Control', 'no-store')
        .json(access.create(name, scopeIn(request), expiryIn(request)));
    },
  },
  {
    method: 'delete',
    path: '/tokens/{name}',
    summary: 'Revokes a token: its sessions and open connections end at once.',
    scope: 'admin',
    answers: { 204: null, 404: problems },
    handle(request, response) {
      access.revoke(parameter(request, 'name'));
      response.once('finish', gate.sweep).status(204).end();
    },
  },
];
