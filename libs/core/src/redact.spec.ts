import { expect, it } from 'vitest';
import { redact, secretsOf } from './redact.ts';

const token = `fwt_${'Ab3-_'.repeat(8)}xyz`;

it.each([
  ['a token of this server', `refused ${token}.`, 'refused fwt_….'],
  ['the cookie of a session', `cookie: a=1; facewright_session=fws_${'q'.repeat(43)}`, 'cookie: a=1; facewright_session=…'],
  ['the link of an annotator', `GET /judge/${'a-B_9'.repeat(4)}xy/pictures/1/2`, 'GET /judge/…/pictures/1/2'],
  [
    'an annotator in a path of the API',
    `DELETE /api/v1/judging/faces/annotators/${'k'.repeat(22)}`,
    'DELETE /api/v1/judging/faces/annotators/…',
  ],
  ['a bearer header', 'Authorization: Bearer abc.def-ghi', 'Authorization: Bearer …'],
  ['a password in an address', 'https://anna:pa55@hub.example/model.bin: 404', 'https://…@hub.example/model.bin: 404'],
  ['a signed address', 'https://b.example/f?X-Amz-Signature=12ab&part=2&sig=zz', 'https://b.example/f?X-Amz-Signature=…&part=2&sig=…'],
  ['a token in a query', 'https://hub.example/api/5?type=Model&token=abcdef', 'https://hub.example/api/5?type=Model&token=…'],
  ['a token of a hub', `login failed with hf_${'Z'.repeat(34)}`, 'login failed with hf_…'],
])('%s is taken out, and the rest stays', (_, text, clean) => {
  expect(redact(text)).toBe(clean);
});
it('given secrets are taken out wherever they stand', () => {
  expect(redact('got "horse-battery" twice: horse-battery', ['horse-battery'])).toBe('got "…" twice: …');
});
it.each([
  'node n1 (facewright/sampler) > input seed: expected a whole number from 0 to 9007199254740991, got -1',
  'file /home/anna/pictures/size=1/face.png: expected a readable file',
  'graph: expected no cycle, got a → b → a',
  'sk-learn with steps=20',
])('ordinary messages stay as they are: %s', (text) => {
  expect(redact(text)).toBe(text);
});
it('secrets of an environment are found by their names', () => {
  expect(
    secretsOf({
      HF_TOKEN: 'abcdefgh',
      PATH: '/usr/bin:/bin',
      PWD: '/home/anna',
      XDG_SESSION_DESKTOP: 'a-desktop',
      DB_PASSWORD: 'short',
      AWS_SECRET_ACCESS_KEY: 'ijklmnopq',
    }),
  ).toEqual(['abcdefgh', 'ijklmnopq']);
});
