import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { isLoopback, refuse, type Addresses } from './guard.ts';

const here: Addresses = { boundTo: '127.0.0.1', allowHosts: [] };
const open: Addresses = { boundTo: '0.0.0.0', allowHosts: ['studio.example.org'] };
const what = (headers: Record<string, string>, addresses = here, page = false) =>
  refuse(headers, addresses, page)?.message.split(':')[0] ?? 'passes';

describe('on a loopback address', () => {
  it.each(['127.0.0.1:8288', 'localhost:8288', 'LOCALHOST', 'localhost.:80', '[::1]:8288', '127.4.5.6'])('Host %s passes', (host) => {
    expect(what({ host })).toBe('passes');
  });
  it.each([
    '',
    'evil.example:8288',
    'localhost.evil.example',
    '192.168.1.5:8288',
    '0.0.0.0:8288',
    'localhost:8288@evil.example',
    'localhost/..',
    'localhost:99999',
    '[::ffff:192.168.1.5]',
    'a b',
  ])('Host "%s" is refused', (host) => {
    expect(what(host === '' ? {} : { host })).toBe('Host');
  });
  it('a name of a proxy passes when it is allowed', () => {
    expect(what({ host: 'studio.example.org' }, { ...here, allowHosts: ['Studio.example.org'] })).toBe('passes');
  });
});
describe('on an address that others can reach', () => {
  it.each(['192.168.1.5:8288', '[fe80::1]:8288', 'studio.example.org', '127.0.0.1:8288', hostname()])('Host %s passes', (host) => {
    expect(what({ host }, open)).toBe('passes');
  });
  it('a name that nobody allowed is refused, since an attacker may have pointed it here', () => {
    expect(what({ host: 'rebound.evil.example:8288' }, open)).toBe('Host');
  });
});
describe('a page of another site', () => {
  const host = '127.0.0.1:8288';
  it.each(['http://evil.example', 'null', 'https://127.0.0.1:9999', 'http://localhost:8288', 'file://', ''])(
    'with Origin "%s" is refused',
    (origin) => {
      expect(what({ host, origin })).toBe('Origin');
    },
  );
  it('is refused by what the browser says of it, also where it sends no Origin', () => {
    const image = { host, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' };
    expect(what({ ...image, 'sec-fetch-site': 'cross-site' })).toBe('Sec-Fetch-Site');
    expect(what({ ...image, 'sec-fetch-site': 'same-site' }, here, true)).toBe('Sec-Fetch-Site');
    expect(what({ ...image, 'sec-fetch-site': 'same-origin' })).toBe('passes');
  });
  it('may link to a page, but neither to the API nor show a page in a frame', () => {
    const link = { host, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    expect(what(link, here, true)).toBe('passes');
    expect(what(link)).toBe('Sec-Fetch-Site');
    expect(what({ ...link, 'sec-fetch-dest': 'iframe' }, here, true)).toBe('Sec-Fetch-Site');
  });
  it('of our own passes', () => {
    expect(what({ host, origin: 'http://127.0.0.1:8288', 'sec-fetch-site': 'same-origin' })).toBe('passes');
    expect(what({ host: 'studio.example.org', origin: 'https://studio.example.org' }, open)).toBe('passes');
  });
});
it('an address is loopback in all its forms, and no other is', () => {
  for (const name of ['127.0.0.1', '127.255.0.9', '::1', '[::1]', 'localhost', 'Localhost.']) expect(isLoopback(name), name).toBe(true);
  for (const name of ['0.0.0.0', '::', '10.0.0.1', 'localhost.evil.example', '128.0.0.1', '']) expect(isLoopback(name), name).toBe(false);
});
