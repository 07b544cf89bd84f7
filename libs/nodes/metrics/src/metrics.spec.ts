import { checkValue, type Model } from '@facewright/core';
import { createFakeContext } from '@facewright/testing';
import { describe, expect, it } from 'vitest';
import * as metric from './runs.ts';

const ctx = createFakeContext();
const model = <F extends string>(family: F): Model<F> => ({ family, architecture: 'x', name: family, components: {}, loras: [] });
const detector = model('face-detector');
const rest = { name: '', prompt: '', threshold: 0.5 };

describe('metric nodes', () => {
  it('append to the list, each under the name that tables call it', async () => {
    let { metrics } = await metric.faceScore({ metrics: undefined, model: model('face-score'), detector, ...rest, prompt: 'A face.' }, ctx);
    const add = (next: { readonly metrics: typeof metrics }) => (metrics = next.metrics);
    add(await metric.imageReward({ metrics, model: model('face-score'), detector: undefined, ...rest }, ctx));
    add(await metric.imageReward({ metrics, model: model('face-score'), detector, ...rest }, ctx));
    add(await metric.hps({ metrics, model: model('clip'), detector: undefined, version: 'v2', ...rest }, ctx));
    add(await metric.hps({ metrics, model: model('clip'), detector, version: 'auto', ...rest }, ctx));
    add(await metric.clipScore({ metrics, model: model('clip'), detector: undefined, ...rest, name: 'CLIP B/32' }, ctx));
    add(
      await metric.aesthetic(
        { metrics, model: model('aesthetic'), clip: model('clip'), detector: undefined, name: '', threshold: 0.5 },
        ctx,
      ),
    );
    add(await metric.faceQuality({ metrics, model: model('face-quality'), detector, name: '', threshold: 0.9 }, ctx));
    add(await metric.frechet({ metrics, model: model('features'), name: '' }, ctx));
    add(await metric.kernel({ metrics, model: model('features'), name: '' }, ctx));
    expect(metrics.map(({ name }) => name)).toEqual([
      'FaceScore',
      'ImageReward',
      'LocalIR',
      'HPS',
      'LocalHPS',
      'CLIP B/32',
      'Aesthetic',
      'FaceQuality',
      'FID',
      'KID',
    ]);
    expect(metrics[3]).toMatchObject({ kind: 'hps', settings: { version: 'v2' }, models: { clip: { name: 'clip' } } });
    expect('detector' in metrics[3]!.models).toBe(false);
    expect(checkValue({ kind: 'metrics' }, metrics)).toEqual(metrics);
  });
  it('refuse a name that the list has already', async () => {
    const { metrics } = await metric.frechet({ metrics: undefined, model: model('features'), name: '' }, ctx);
    await expect(metric.frechet({ metrics, model: model('features'), name: '' }, ctx)).rejects.toMatchObject({
      code: 'METRICS_NAME',
      message: expect.stringContaining('got FID') as string,
    });
  });
});
