// Tokens that let others in, and the sessions of browsers that showed one. Both are shown once; what is kept are hashes.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Database } from '../data/database.ts';
import { err } from '../errors.ts';

/** What a token allows: to look; also to run, cancel and upload; also to delete, and to make tokens. Each has all before it. */
export const scopes = ['read', 'run', 'admin'] as const;
export type Scope = (typeof scopes)[number];
export const covers = (has: Scope, needs: Scope): boolean => scopes.indexOf(has) >= scopes.indexOf(needs);

export interface AccessToken {
  readonly name: string;
  readonly scope: Scope;
  readonly created: string;
  /** Null: never. */
  readonly expires: string | null;
  /** When it was last used, to the minute; null: never. */
  readonly used: string | null;
}
/** Who makes a request. */
export interface Access extends Pick<AccessToken, 'name' | 'scope'> {
  /** Names the token in the store, or the session. */
  readonly key: string;
}
export interface AccessStore {
  /** The secret is given here and nowhere else. Throws SERVER_BAD_REQUEST for a name that is taken or none. */
  create(name: string, scope: Scope, expires: Date | null): { readonly secret: string; readonly token: AccessToken };
  list(): readonly AccessToken[];
  /** Ends the token and its sessions. Throws SERVER_NO_SUCH. */
  revoke(name: string): void;
  /** Whose secret it is, of a token or of a session; null for one that is unknown, expired or revoked. */
  find(secret: string): Access | null;
  /** Whether it may still come in. */
  isAlive(access: Access): boolean;
  /** A session for a browser; it ends with its token. */
  openSession(access: Access): { readonly secret: string; readonly expires: Date };
  closeSession(access: Access): void;
}

const KEY_BYTES = 6;
const SECRET_BYTES = 32;
const SESSION_MS = 30 * 24 * 60 * 60 * 1000;
/** Last use is written at most this often, so that looking at pictures is not writing. */
const USED_MS = 60_000;
const LONGEST_NAME = 80;
/** A key to look up, then what has to be known. */
const SECRET = /^fw([ts])_([\w-]{8})([\w-]{43})$/;

/** The secrets are 256 random bits, which no dictionary has: a plain hash keeps them. */
const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();
const makeSecret = (kind: 't' | 's') => {
  const key = randomBytes(KEY_BYTES).toString('base64url');
  const secret = `fw${kind}_${key}${randomBytes(SECRET_BYTES).toString('base64url')}`;
  return { key, secret, hash: hashOf(secret) };
};

interface Row extends Access {
  readonly hash: Buffer;
  readonly expires: string | null;
  readonly token: string;
  readonly used: string | null;
}

export function createAccessStore(database: Database): AccessStore {
  const insertToken = database.prepare(
    'INSERT OR IGNORE INTO access_tokens (key, hash, name, scope, created, expires) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const selectTokens = database.prepare<[], AccessToken>(
    'SELECT name, scope, created, expires, used FROM access_tokens ORDER BY created, name',
  );
  const deleteToken = database.prepare('DELETE FROM access_tokens WHERE name = ?');
  const markUsed = database.prepare('UPDATE access_tokens SET used = ? WHERE key = ?');
  const insertSession = database.prepare('INSERT INTO access_sessions (key, hash, token, expires) VALUES (?, ?, ?, ?)');
  const deleteSession = database.prepare('DELETE FROM access_sessions WHERE key = ?');
  const deleteExpired = database.prepare('DELETE FROM access_sessions WHERE expires <= ?');
  const byKey = {
    t: database.prepare<[string], Row>('SELECT key, hash, key AS token, expires, used, name, scope FROM access_tokens WHERE key = ?'),
    s: database.prepare<[string], Row>(
      `SELECT s.key, s.hash, t.key AS token, min(s.expires, coalesce(t.expires, s.expires)) AS expires, used, name, scope
       FROM access_sessions s JOIN access_tokens t ON t.key = s.token WHERE s.key = ?`,
    ),
  };
  const rowOf = (kind: 't' | 's', key: string): Row | null => {
    const row = byKey[kind].get(key);
    return row && (row.expires === null || row.expires > now()) ? row : null;
  };

  return {
    create(name, scope, expires) {
      const trimmed = name.trim();
      if (trimmed === '' || trimmed.length > LONGEST_NAME || /\p{Cc}/u.test(trimmed))
        throw err.BAD_REQUEST('name of the token', `1 to ${LONGEST_NAME} characters`, JSON.stringify(name.slice(0, 100)));
      const { key, secret, hash } = makeSecret('t');
      const token: AccessToken = { name: trimmed, scope, created: now(), expires: expires?.toISOString() ?? null, used: null };
      if (insertToken.run(key, hash, trimmed, scope, token.created, token.expires).changes === 0)
        throw err.BAD_REQUEST('name of the token', 'one that no token has', JSON.stringify(trimmed));
      return { secret, token };
    },
    list: () => selectTokens.all(),
    revoke(name) {
      if (deleteToken.run(name).changes === 0) throw err.NO_SUCH('token', name);
    },
    find(secret) {
      const [, kind, key] = SECRET.exec(secret) ?? [];
      const row = key === undefined ? null : rowOf(kind as 't' | 's', key);
      // In constant time: how far a guess is right must not show.
      if (!row || !timingSafeEqual(row.hash, hashOf(secret))) return null;
      if (row.used === null || Date.now() - Date.parse(row.used) > USED_MS) markUsed.run(now(), row.token);
      return { key: `${kind}${row.key}`, name: row.name, scope: row.scope };
    },
    isAlive: ({ key }) => rowOf(key[0] as 't' | 's', key.slice(1)) !== null,
    openSession(access) {
      const { token } = rowOf(access.key[0] as 't' | 's', access.key.slice(1))!;
      deleteExpired.run(now());
      const { key, secret, hash } = makeSecret('s');
      const expires = new Date(Date.now() + SESSION_MS);
      insertSession.run(key, hash, token, expires.toISOString());
      return { secret, expires };
    },
    closeSession({ key }) {
      if (key.startsWith('s')) deleteSession.run(key.slice(1));
    },
  };
}

const now = () => new Date().toISOString();
