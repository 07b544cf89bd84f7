import type { lookup } from 'node:dns';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPublicFetch, isPublic } from './fetch-public.ts';

let server: Server, port: number;
let asked: string[] = [];
beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url!);
    const to = /^\/to\?(.*)$/.exec(request.url!)?.[1];
    if (to) response.writeHead(302, { location: decodeURIComponent(to) }).end();
    else response.end('content');
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
const get = async (url: string, allowHosts: readonly string[] = [], resolve?: typeof lookup) => {
  asked = [];
  const fetch = createPublicFetch(allowHosts, resolve);
  try {
    return await (await fetch(url, {})).text();
  } catch (error) {
    const { code, cause } = error as { code?: string; cause?: { code?: string } };
    return code ?? cause?.code ?? String(error);
  } finally {
    await fetch.close();
  }
};
/** A name server that gives these addresses, one answer after the other. */
const names = (...answers: string[][]): typeof lookup =>
  ((_: string, __: object, callback: (error: null, addresses: object[]) => void) =>
    callback(
      null,
      (answers.length > 1 ? answers.shift()! : answers[0]!).map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )) as never;

describe('an address of the internet', () => {
  it.each(['93.184.215.14', '8.8.8.8', '2606:4700:4700::1111', '::ffff:8.8.8.8'])('is %s', (address) =>
    expect(isPublic(address)).toBe(true),
  );
  it.each([
    '127.0.0.1',
    '127.9.9.9',
    '0.0.0.0',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.0.1',
    '169.254.169.254',
    '100.64.0.1',
    '192.0.0.192',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '240.0.0.1',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    'fe80::1',
    'fc00::1',
    'fd00:ec2::254',
    'ff02::1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '2001::1',
    '::127.0.0.1',
    '64:ff9b:1::a9fe:a9fe',
    'not an address',
    '',
  ])('is not %s', (address) => expect(isPublic(address)).toBe(false));
});
describe('a download', () => {
  it.each([
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://0177.0.0.1/',
    'https://127.1/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://169.254.169.254/latest/meta-data',
    'https://[fd00:ec2::254]/',
    'https://0/',
    'https://①②⑦.0.0.1/',
  ])('from %s is refused, however the address is written', async (url) => expect(await get(url)).toBe('LIBRARY_PRIVATE'));
  it.each(['http://93.184.215.14/', 'ftp://93.184.215.14/', 'file:///etc/passwd'])('from %s is refused, being without TLS', async (url) =>
    expect(await get(url)).toBe('LIBRARY_INSECURE'),
  );
  it('from a name that leads into this network is refused before anything is asked', async () => {
    expect(await get('https://innocent.example/', [], names(['93.184.215.14', '10.0.0.7']))).toBe('LIBRARY_PRIVATE');
    expect(await get('https://localhost/')).toBe('LIBRARY_PRIVATE');
  });
  it('goes to the address that was checked: a name is looked up once', async () => {
    let lookups = 0;
    const answers = names(['127.0.0.1'], ['10.0.0.7']);
    const rebinding = ((name: string, options: object, callback: never) => {
      lookups++;
      return answers(name, options, callback);
    }) as never;
    expect(await get(`http://rebound.lan:${port}/`, ['rebound.lan'], rebinding)).toBe('content');
    expect([lookups, asked]).toEqual([1, ['/']]);
  });
  it('is followed over redirects, but to no other than an allowed address', async () => {
    const here = `http://127.0.0.1:${port}`;
    const to = (url: string) => `${here}/to?${encodeURIComponent(url)}`;
    expect(await get(to('/next'), ['127.0.0.1'])).toBe('content');
    expect(await get(to(`http://localhost:${port}/`), [`127.0.0.1:${port}`])).toBe('LIBRARY_INSECURE');
    expect(await get(to('https://169.254.169.254/'), ['127.0.0.1'])).toBe('LIBRARY_PRIVATE');
    expect(await get(to('file:///etc/passwd'), ['127.0.0.1'])).toBe('LIBRARY_INSECURE');
    expect(await get(to(`http://[::1]:${port}/`), ['127.0.0.1'])).toBe('LIBRARY_INSECURE');
  });
  it('that is sent round in circles ends', async () => {
    const loop = createServer((_, response) => response.writeHead(302, { location: '/' }).end());
    await new Promise<void>((ready) => loop.listen(0, '127.0.0.1', ready));
    expect(await get(`http://127.0.0.1:${(loop.address() as AddressInfo).port}/`, ['127.0.0.1'])).toBe('LIBRARY_REDIRECTS');
    loop.closeAllConnections();
    loop.close();
  });
  it('from an allowed mirror needs no TLS', async () => {
    expect(await get(`http://mirror.lan:${port}/`, ['Mirror.lan'], names(['127.0.0.1']))).toBe('content');
    expect(await get(`http://mirror.lan:${port}/`, ['other.lan'], names(['127.0.0.1']))).toBe('LIBRARY_INSECURE');
  });
});
