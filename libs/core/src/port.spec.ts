import { describe, expect, it } from 'vitest';
import { assetName } from './asset-name.ts';
import { port } from './port.ts';

const asset = { id: `sha256:${'0'.repeat(64)}`, mediaType: 'image/png', bytes: 3 };
const image = { asset, width: 2, height: 2, key: 'k', caption: '' };
const model = { family: 'diffusion', architecture: 'sd', name: 'm', components: {}, loras: [] };

describe('port.check', () => {
  it.each([
    ['text', port.text(), 'é\ud83d\ude00'],
    ['number', port.number({ min: -1, max: 1 }), -0.5],
    ['integer', port.integer({ min: 0, max: 3 }), 3],
    ['boolean', port.boolean(), false],
    ['choice', port.choice(['a', 'b']), 'b'],
    ['seed', port.seed(), Number.MAX_SAFE_INTEGER],
    ['path', port.path(), '/tmp/x'],
    ['image', port.image(), image],
    ['images', port.images(), [image]],
    ['model', port.model('diffusion'), model],
    ['labelled models', port.models(), [{ label: 'a', model }]],
    ['variants', port.variants(), [{ label: 'a', facts: { model: 'm' }, images: [image] }]],
    [
      'metrics',
      port.metrics(),
      [{ kind: 'hps', name: 'HPS', models: { clip: { ...model, family: 'clip' } }, settings: { version: 'v2' } }],
    ],
    ['optional', port.optional(port.text()), undefined],
    ['mask', port.text({ maskOf: 'path' }), assetName(asset)],
    ['mask that is not painted', port.text({ maskOf: 'path' }), ''],
  ])('lets a fitting %s through unchanged', (_, { check }, value) => expect(check(value)).toEqual(value));
  it.each([
    ['a number where text belongs', port.text(), 1, 'expected text, got 1'],
    ['NaN', port.number({ min: 0, max: 1 }), Number.NaN, 'expected a number from 0 to 1, got NaN'],
    ['a fraction', port.integer({ min: 0, max: 3 }), 1.5, 'expected a whole number from 0 to 3, got 1.5'],
    ['a seed past 2^53', port.seed(), 2 ** 53, 'expected a whole number from 0 to 9007199254740991, got 9007199254740992'],
    ['a path with a NUL', port.path(), 'a\0b', 'expected a path, got "a\\u0000b"'],
    ['an unknown choice', port.choice(['a', 'b']), 'c', 'expected one of a, b, got "c"'],
    [
      'a mask that names no asset',
      port.text({ maskOf: 'path' }),
      'sha256:1',
      'expected a mask: empty, or asset:sha256: and 64 digits, got "sha256:1"',
    ],
    ['nothing', port.text(), undefined, 'expected text, got nothing'],
  ])('refuses %s', (_, { check }, value, message) =>
    expect(() => check(value)).toThrow(expect.objectContaining({ code: 'CORE_BAD_VALUE', message })),
  );
  it('says where in a structure the mistake is', () => {
    expect(() => port.images().check([image, { ...image, width: 0 }])).toThrow(/^expected a list of images \(1\.width: .*\), got \[/);
  });
  it('refuses a model of another family in a list of models', () =>
    expect(() => port.models().check([{ label: 'a', model: { ...model, family: 'clip' } }])).toThrow(
      /^expected a list of labelled models \(0\.model\.family/,
    ));
  it('refuses a model of another family', () =>
    expect(() => port.model('face-score').check(model)).toThrow(/^expected a face-score model .* got \{"family":"diffusion"/));
});
