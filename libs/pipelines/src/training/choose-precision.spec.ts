// Where trainings compute in float16.
import { createRuntime } from '@facewright/runtime';
import { createFakeContext, type FakeContextOptions } from '@facewright/testing';
import type { Session, Tensor, Tensors } from '@facewright/tensor';
import { afterAll, describe, expect, it } from 'vitest';
import { choosePrecision } from './choose-precision.ts';

const runtime = await createRuntime({ provider: 'cpu' });
afterAll(() => runtime.dispose());
type Open = NonNullable<FakeContextOptions['openSession']>;
/** A GPU that computes as the CPU does, but for what `run` makes of it. */
const gpu = (run = (session: Session, feeds: Tensors): Promise<Tensors> => session.run(feeds)) => {
  const openSession: Open = async (model) => {
    const session = await runtime.open(model);
    return { ...session, run: (feeds) => run(session, feeds), release: () => session.release() };
  };
  return createFakeContext({ provider: 'webgpu', openSession });
};
const says = ({ said }: ReturnType<typeof gpu>) => said.logs.map(({ message }) => message);

describe('auto', () => {
  it.each(['cpu', 'null'])('is float32 on %s, without a probe', async (provider) => {
    const ctx = createFakeContext({ provider });
    expect(await choosePrecision('auto', ctx)).toBe('float32');
    expect(ctx.said).toMatchObject({ logs: [], sessions: new Set() });
  });
  it('is float16 on a GPU that passes, and opens the probe once', async () => {
    const ctx = gpu();
    expect([await choosePrecision('auto', ctx), await choosePrecision('auto', ctx)]).toEqual(['float16', 'float16']);
    expect([[...ctx.said.sessions], says(ctx)]).toEqual([['probe:float16'], []]);
    await ctx.close();
  });
});
describe.each([
  {
    what: 'has no float16',
    ctx: () => gpu(() => Promise.reject(new Error('the device does not support f16'))),
    why: 'a small U-Net does not run: Error: the device does not support f16',
  },
  {
    what: 'computes it wrong',
    ctx: () =>
      gpu(async (session, feeds) => {
        const outputs = await session.run(feeds);
        const gradients = outputs['gradients'] as Tensor<'float32'>;
        return { ...outputs, gradients: { ...gradients, data: gradients.data.map((value) => value * 1.03) } };
      }),
    why: 'a small U-Net is off by 0.030 of float32, and 0.02 is allowed',
  },
])('on a GPU that $what', ({ ctx: make, why }) => {
  it('auto is float32 and says why, and float16 is refused with the reason', async () => {
    const ctx = make();
    expect(await choosePrecision('auto', ctx)).toBe('float32');
    expect(says(ctx)).toEqual([`computes in float32, as with float16 on webgpu ${why}`]);
    await expect(choosePrecision('float16', ctx)).rejects.toMatchObject({
      code: 'PIPELINES_NO_FLOAT16',
      detail: `precision: expected auto or float32 on webgpu, got float16, where ${why}`,
    });
    expect(await choosePrecision('float32', ctx)).toBe('float32');
    await ctx.close();
  });
});
it('float16 on the CPU is done when it is asked for', async () => {
  const ctx = createFakeContext({ provider: 'cpu', openSession: runtime.open });
  expect(await choosePrecision('float16', ctx)).toBe('float16');
  await ctx.close();
});
