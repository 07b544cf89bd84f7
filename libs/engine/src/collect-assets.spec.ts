import { describe, expect, it } from 'vitest';
import { collectAssets } from './collect-assets.ts';

const asset = (digit: string) => ({ id: `sha256:${digit.repeat(64)}`, mediaType: 'image/png', bytes: 1 });

describe('collectAssets', () => {
  it('finds each asset once, however deep it is', () => {
    const image = { asset: asset('1'), width: 1, height: 1, key: 'k', caption: '' };
    expect(
      collectAssets({
        a: [image, { good: image }],
        model: { components: { unet: { weights: { asset: asset('2') } } } },
        text: 'sha256',
        none: null,
      }),
    ).toEqual([asset('1'), asset('2')]);
  });
});
