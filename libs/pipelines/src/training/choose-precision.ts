// What a training computes in: float16 only where the provider was seen to compute it well.
import { messageOf, type NodeContext } from '@facewright/core';
import { halfPrecisionError, halfPrecisionProbe, type Precision } from '@facewright/models';
import { buildModel } from '@facewright/onnx';
import { err } from '../errors.ts';
import { fusedWhere } from '../fused-where.ts';

export type AskedPrecision = 'auto' | Precision;

/** Of a relative error. With every result rounded to float16 it is 2.3e-3; a wrong operator is off by far more. */
const tolerance = 2e-2;

/**
 * Auto is float32 on the CPU, most of whose kernels are float32, and where nothing is computed; elsewhere it is float16 where the provider passes a probe, a small U-Net with
 * its gradients. The probe's session is the runtime's, so it is opened once. Throws PIPELINES_NO_FLOAT16 where float16 is asked for and the provider does not pass.
 */
export async function choosePrecision(
  asked: AskedPrecision,
  ctx: Pick<NodeContext, 'provider' | 'session' | 'log' | 'signal'>,
): Promise<Precision> {
  const { provider } = ctx;
  if (asked === 'float32' || (asked === 'auto' && (provider === 'cpu' || provider === 'null'))) return 'float32';
  const why = await whyNotFloat16(ctx);
  if (why === null) return 'float16';
  ctx.signal.throwIfAborted();
  if (asked === 'float16') throw err.NO_FLOAT16(provider, why);
  ctx.log('info', `computes in float32, as with float16 on ${provider} ${why}`);
  return 'float32';
}

/** Null where the provider computes float16. A device without it says so when the graph is opened or only when it is run. */
async function whyNotFloat16(ctx: Pick<NodeContext, 'provider' | 'session'>): Promise<string | null> {
  const { outputs, feeds } = halfPrecisionProbe(fusedWhere(ctx));
  try {
    const session = await ctx.session('probe:float16', () => buildModel(outputs));
    const error = halfPrecisionError(await session.run(feeds));
    return error < tolerance ? null : `a small U-Net is off by ${error.toPrecision(2)} of float32, and ${tolerance} is allowed`;
  } catch (error) {
    return `a small U-Net does not run: ${messageOf(error)}`;
  }
}
