// What is trained: every weight of the U-Net, or low-rank additions to its attention.
import type { Model, NodeContext } from '@facewright/core';
import { attentionTargets, inputWeights, storedWeights } from '@facewright/models';
import type { UNet2DCondition, WeightSource } from '@facewright/models';
import { input } from '@facewright/onnx';
import type { Value } from '@facewright/onnx';
import { componentTensors, componentWeights, lorasOver } from '@facewright/pipelines';
import { toFloat32 } from '@facewright/tensor';
import type { Rng, Tensor } from '@facewright/tensor';
import { initializeLora, withLora } from '@facewright/train';
import type { LoraSettings } from '@facewright/train';

export interface TrainedWeights {
  /** The model as it is now: the frozen guide. */
  readonly frozen: WeightSource;
  readonly trained: WeightSource;
  /** Graph inputs by parameter name, filled while the graph is written. */
  readonly inputs: ReadonlyMap<string, Value>;
  /** Values they begin with. */
  readonly initial: ReadonlyMap<string, Tensor>;
}

/** LoRAs that the handle already has stay as they are, in both models. */
export async function trainedWeights(
  model: Model<'diffusion'>,
  unet: UNet2DCondition,
  mode: 'full' | 'lora',
  rank: number,
  rng: Rng,
  ctx: NodeContext,
): Promise<TrainedWeights> {
  const stored = await componentWeights(model, 'unet', ctx);
  const withLoras = await lorasOver(model, 'unet', ctx);
  const frozen = withLoras(storedWeights(stored));
  const inputs = new Map<string, Value>();
  if (mode === 'full') {
    const tensors = await componentTensors(model, 'unet', ctx);
    return {
      frozen,
      trained: withLoras(inputWeights(inputs)),
      inputs,
      initial: new Map([...tensors].map(([name, tensor]) => [name, toFloat32(name, tensor)])),
    };
  }
  // Diffusers' own naming, so that the file loads there too.
  const settings: LoraSettings = { rank, alpha: rank, targets: attentionTargets, prefix: 'unet.', init: 'gaussian' };
  const trained = withLora(frozen, settings, (name, shape) => {
    const value = input(name, 'float32', shape);
    inputs.set(name, value);
    return value;
  });
  return { frozen, trained, inputs, initial: initializeLora(unet, settings, rng) };
}
