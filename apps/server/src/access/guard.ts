// Who may talk to the server: pages that it served itself. Keeps other sites in the user's browser, and names that an attacker points at this machine, out.
import type { IncomingHttpHeaders } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { hostname } from 'node:os';
import type { CodedError } from '@facewright/tensor';
import { err } from '../errors.ts';

export interface Addresses {
  /** The address that the server listens on. */
  readonly boundTo: string;
  /** Names under which it may be called besides, such as the one of a proxy in front of it. */
  readonly allowHosts: readonly string[];
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');

/** A name or an address, as in a Host header without its port: [::1] is ::1, LOCALHOST. is localhost. */
const bare = (name: string): string =>
  name
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
export function isLoopback(name: string): boolean {
  const host = bare(name);
  const version = isIP(host);
  return version === 0 ? host === 'localhost' : loopback.check(host, version === 6 ? 'ipv6' : 'ipv4');
}

const partsOf = (url: string): { readonly host: string; readonly name: string } | null => {
  if (!URL.canParse(url)) return null;
  const { host, hostname: name } = new URL(url);
  return { host, name: bare(name) };
};

/**
 * What is wrong with the Host, Origin and Sec-Fetch-Site of a request; null when it may pass. `page`: a link on another site may lead to it.
 * A name that an attacker points at this machine (DNS rebinding) is never an address, so addresses may be called where others can reach the server.
 */
export function refuse(headers: IncomingHttpHeaders, { boundTo, allowHosts }: Addresses, page = false): CodedError | null {
  const given = headers.host ?? '';
  const host = /^[\w.:[\]-]+$/.test(given) ? partsOf(`http://${given}`) : null;
  const known =
    host !== null &&
    (isLoopback(host.name) ||
      allowHosts.some((name) => bare(name) === host.name) ||
      (!isLoopback(boundTo) && (isIP(host.name) !== 0 || host.name === hostname().toLowerCase())));
  if (!known) return err.FOREIGN('Host', given.slice(0, 100) || 'nothing');
  const { origin } = headers;
  if (origin !== undefined && partsOf(origin)?.host !== host.host) return err.FOREIGN('Origin', origin.slice(0, 100));
  // Browsers send it of their own accord, also where they send no Origin, as for a picture.
  const site = headers['sec-fetch-site'];
  const link = page && headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
  if ((site === 'cross-site' || site === 'same-site') && !link) return err.FOREIGN('Sec-Fetch-Site', site);
  return null;
}
