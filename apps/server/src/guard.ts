// Who may talk to the server: pages that it served itself. Keeps other sites in the user's browser, and names that an attacker points at 127.0.0.1, out.
import type { IncomingHttpHeaders } from 'node:http';
import type { CodedError } from '@facewright/tensor';
import { err } from './errors.ts';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);
export const isLoopback = (host: string): boolean => LOOPBACK.has(host) || host === '::1';

const hostOf = (url: string): string | null => (URL.canParse(url) ? new URL(url).host : null);

/** What is wrong with a request's Host and Origin; null when it may pass. On a loopback address the Host must be one, too. */
export function refuse(headers: IncomingHttpHeaders, boundTo: string): CodedError | null {
  const host = headers.host ?? '';
  const name = host.replace(/:\d+$/, '');
  if (isLoopback(boundTo) && !LOOPBACK.has(name)) return err.FOREIGN('Host', host || 'nothing');
  const origin = headers.origin;
  if (origin !== undefined && hostOf(origin) !== host) return err.FOREIGN('Origin', origin);
  return null;
}
