// Who may come in: everybody on this machine, or whoever shows a token. Holds on to what is open, to end it when its token is revoked.
import type { IncomingHttpHeaders } from 'node:http';
import type { Access, AccessStore } from './access-store.ts';

export interface Gate {
  /** Without it everybody who reaches the server may do everything. */
  readonly required: boolean;
  /** By the header `Authorization: Bearer` or the cookie of a session; null: nobody known. */
  who(headers: IncomingHttpHeaders): Access | null;
  /** Calls `end` when the access is revoked or expires; returns what ends the watch. */
  keep(access: Access, end: () => void): () => void;
  /** Ends at once what is no longer allowed. */
  sweep(): void;
  close(): void;
}

export const COOKIE = 'facewright_session';
/** Another process may revoke a token, so it is looked for. */
const SWEEP_MS = 1000;
const EVERYBODY: Access = { key: '', name: 'this machine', scope: 'admin' };

const bearerOf = ({ authorization }: IncomingHttpHeaders): string | undefined => /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
const sessionOf = ({ cookie }: IncomingHttpHeaders): string | undefined =>
  (cookie ?? '')
    .split(/; */)
    .find((part) => part.startsWith(`${COOKIE}=`))
    ?.slice(COOKIE.length + 1);

export function createGate(store: AccessStore, required: boolean): Gate {
  if (!required) return { required, who: () => EVERYBODY, keep: () => () => {}, sweep: () => {}, close: () => {} };
  const kept = new Map<symbol, { readonly access: Access; readonly end: () => void }>();
  const sweep = (): void => {
    const alive = new Map<string, boolean>();
    for (const { access, end } of kept.values()) {
      if (!alive.has(access.key)) alive.set(access.key, store.isAlive(access));
      if (!alive.get(access.key)) end();
    }
  };
  const timer = setInterval(sweep, SWEEP_MS).unref();
  return {
    required,
    who(headers) {
      const secret = bearerOf(headers) ?? sessionOf(headers);
      return secret === undefined ? null : store.find(secret);
    },
    keep(access, end) {
      const id = Symbol(access.name);
      kept.set(id, { access, end });
      return () => kept.delete(id);
    },
    sweep,
    close: () => clearInterval(timer),
  };
}
