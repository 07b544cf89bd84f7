import { describe, expect, it } from 'vitest';
import { canConnect, convertValue } from './can-connect.ts';
import { port } from './port.ts';

const types = {
  text: port.text().type,
  ratio: port.number({ min: 0, max: 1 }).type,
  far: port.number({ min: 5, max: 9 }).type,
  count: port.integer({ min: 0, max: 9 }).type,
  seed: port.seed().type,
  flag: port.boolean().type,
  ab: port.choice(['a', 'b']).type,
  abc: port.choice(['a', 'b', 'c']).type,
  path: port.path({ of: 'file' }).type,
  image: port.image().type,
  images: port.images().type,
  prompts: port.prompts().type,
  diffusion: port.model('diffusion').type,
  score: port.model('face-score').type,
} as const;
const answer = (from: keyof typeof types, to: keyof typeof types) => canConnect(types[from], types[to]);

describe('canConnect', () => {
  it.each([
    ['text', 'text'],
    ['ratio', 'ratio'],
    ['count', 'ratio'],
    ['seed', 'count'],
    ['count', 'seed'],
    ['flag', 'flag'],
    ['ab', 'abc'],
    ['ab', 'text'],
    ['path', 'text'],
    ['image', 'image'],
    ['image', 'images'],
    ['images', 'images'],
    ['prompts', 'prompts'],
    ['diffusion', 'diffusion'],
  ] as const)('lets %s feed %s', (from, to) => expect(answer(from, to)).toBe(true));
  it.each([
    ['ratio', 'count', 'expected a whole number from 0 to 9, got a number from 0 to 1'],
    ['ratio', 'seed', 'expected a whole number from 0 to 9007199254740991, got a number from 0 to 1'],
    ['ratio', 'far', 'expected a number from 5 to 9, got a number from 0 to 1'],
    ['abc', 'ab', 'expected one of a, b, got one of a, b, c'],
    ['text', 'ab', 'expected one of a, b, got text'],
    ['images', 'image', 'expected an image, got a list of images'],
    ['image', 'prompts', 'expected prompts, got an image'],
    ['score', 'diffusion', 'expected a diffusion model, got a face-score model'],
    ['flag', 'count', 'expected a whole number from 0 to 9, got true or false'],
    ['text', 'path', 'expected the path of a file typed into the field, because its files must be known before a run, got a link'],
  ] as const)('refuses %s into %s and says why', (from, to, why) => expect(answer(from, to)).toBe(why));
  it('wraps a single picture for a list and leaves everything else as it is', () => {
    expect(convertValue(types.image, types.images, 'picture')).toEqual(['picture']);
    expect(convertValue(types.images, types.images, ['picture'])).toEqual(['picture']);
    expect(convertValue(types.count, types.ratio, 3)).toBe(3);
  });
});
