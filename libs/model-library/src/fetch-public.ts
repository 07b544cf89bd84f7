// Requests to the internet and nowhere else: an address that someone sends must not make this computer ask itself, its network or its cloud for what only they may see.
import { lookup, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { Agent, fetch, type RequestInit, type Response } from 'undici';
import { err } from './errors.ts';

const MOST_REDIRECTS = 10;

/** Whether an address is one of the internet: not of this computer, its network, a cloud's metadata or a tunnel to them, in IPv4, IPv6 or the one within the other. */
export function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  return parsed.range() === 'unicast';
}

/** The address as the URL standard writes it: 0x7f.1, 2130706433 and [::ffff:127.0.0.1] are no names. */
const literalOf = ({ hostname }: URL): string | null => {
  const bare = hostname.replace(/^\[(.*)\]$/, '$1');
  return ipaddr.isValid(bare) ? bare : null;
};

export interface PublicFetch {
  (url: string, init: Omit<RequestInit, 'dispatcher' | 'redirect'>): Promise<Response>;
  close(): Promise<void>;
}

/**
 * `allowHosts`: names or addresses that may be asked all the same, such as a mirror in one's own network; those also without TLS. `resolve` stands for the system's names in specs.
 * Throws LIBRARY_INSECURE, LIBRARY_PRIVATE and LIBRARY_REDIRECTS, also for what a redirect leads to. A name is looked up once, and the connection goes to the address that was checked.
 */
export function createPublicFetch(allowHosts: readonly string[], resolve: typeof lookup = lookup): PublicFetch {
  const isAllowed = ({ host, hostname }: URL): boolean => allowHosts.some((name) => [host, hostname].includes(name.toLowerCase()));
  const allowedNames = new Set(allowHosts.map((name) => name.toLowerCase().replace(/:\d+$/, '')));

  const lookupPublic: LookupFunction = (hostname, options, callback) =>
    resolve(hostname, { ...options, all: true }, (cause: Error | null, addresses: readonly LookupAddress[]) => {
      if (cause) return callback(cause, '', 0);
      const wrong = allowedNames.has(hostname.toLowerCase()) ? undefined : addresses.find(({ address }) => !isPublic(address));
      if (wrong) return callback(err.PRIVATE(hostname, wrong.address) as Error, '', 0);
      if (options.all) return (callback as unknown as (error: null, addresses: readonly LookupAddress[]) => void)(null, addresses);
      const [first] = addresses;
      callback(null, first!.address, first!.family);
    });
  const agent = new Agent({ connect: { lookup: lookupPublic } });

  const check = (url: URL): void => {
    if (isAllowed(url)) return;
    if (url.protocol !== 'https:') throw err.INSECURE(url.href);
    const address = literalOf(url);
    if (address !== null && !isPublic(address)) throw err.PRIVATE(url.hostname, address);
  };
  const request = async (given: string, init: Omit<RequestInit, 'dispatcher' | 'redirect'>): Promise<Response> => {
    let url = new URL(given);
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      check(url);
      const response = await fetch(url, { ...init, redirect: 'manual', dispatcher: agent });
      const location = response.headers.get('location');
      if (![301, 302, 303, 307, 308].includes(response.status) || location === null) return response;
      await response.body?.cancel();
      if (!URL.canParse(location, url)) throw err.STATUS(url.href, response.status);
      url = new URL(location, url);
    }
    throw err.REDIRECTS(given, MOST_REDIRECTS);
  };
  return Object.assign(request, { close: () => agent.destroy() });
}
