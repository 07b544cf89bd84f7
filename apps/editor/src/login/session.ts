// Who this browser is to a server that asks for a token: the token is shown once, and a cookie that no script reads takes its place.
import type { Problem } from '@facewright/core';

export interface Session {
  readonly name: string;
  readonly scope: 'read' | 'run' | 'admin';
}
/** What a link carries that logs in: http://server/#token=… The part after # is never sent to a server or kept by one on the way. */
const TOKEN = /^#token=([\w-]+)$/;

/** `session` is null where no token is needed, and for nobody known. */
export async function whoAmI(): Promise<{ readonly required: boolean; readonly session: Session | null }> {
  try {
    const { required, session } = (await (await fetch('/api/v1/session')).json()) as { required: boolean; session: Session | null };
    return { required, session: required ? session : null };
  } catch {
    // Whether the server is there, others tell.
    return { required: false, session: null };
  }
}

/** The reason when the server says no. */
export async function logIn(token: string): Promise<string | null> {
  const response = await fetch('/api/v1/session', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  }).catch(() => null);
  if (!response) return 'The server does not answer. Is it still running?';
  if (response.ok) return null;
  if (response.status === 401) return 'The server does not know this token. It may be cut short, expired or revoked.';
  if (response.status === 429) return 'Too many attempts. Wait a minute, then try again.';
  const { problems } = (await response.json().catch(() => ({}))) as { problems?: readonly Problem[] };
  return problems?.[0]?.message ?? `The server answered ${response.status}.`;
}

let leaving = false;
/** Somebody logs out: that the session ends is no news then. */
export const isLeaving = (): boolean => leaving;

export async function logOut(): Promise<void> {
  leaving = true;
  await fetch('/api/v1/session', { method: 'DELETE' }).catch(() => {});
  location.reload();
}

/** Takes the token out of the address, so that neither the history nor a shared screen keeps it. */
export function takeTokenOfAddress(): string | null {
  const token = TOKEN.exec(location.hash)?.[1];
  if (token === undefined) return null;
  history.replaceState(null, '', location.pathname + location.search);
  return token;
}
