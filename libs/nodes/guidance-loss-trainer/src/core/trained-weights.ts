// What is trained: every weight of the U-Net, or low-rank additions to some of them.
import type { NodeContext } from '@facewright/core';
import { attentionTargets, inputWeights, storedWeights } from '@facewright/models';
import type { UNet2DCondition, WeightSource } from '@facewright/models';
import { input } from '@facewright/onnx';
import type { Value } from '@facewright/onnx';
import { componentTensors, componentWeights, lorasOver } from '@facewright/pipelines';
import { toFloat32 } from '@facewright/tensor';
import type { Rng, Tensor } from '@facewright/tensor';
import { everyLayer, initializeLora, withLora } from '@facewright/train';
import type { LoraSettings } from '@facewright/train';
import type { TrainingSettings } from '../ports.ts';
import type { Trainee } from './trainee.ts';

export interface TrainedWeights {
  /** The model as it is now: guide, reference or opponent. */
  readonly frozen: WeightSource;
  readonly trained: WeightSource;
  /** Graph inputs by parameter name, filled while the graph is written. */
  readonly inputs: ReadonlyMap<string, Value>;
  /** Values they begin with. */
  readonly initial: ReadonlyMap<string, Tensor>;
  /** Of the low-rank additions; null where every weight is trained. */
  readonly lora: LoraSettings | null;
}

const targets: Readonly<Record<TrainingSettings['targets'], (name: string) => boolean>> = {
  attention: attentionTargets,
  'attention and feed-forward': (name) => attentionTargets(name) || /\.ff\.net\.(0\.proj|2)\.weight$/.test(name),
  all: everyLayer,
};

/** LoRAs that the handle already has stay as they are, in both models. */
export async function trainedWeights(
  { handle }: Trainee,
  unet: UNet2DCondition,
  settings: TrainingSettings,
  rng: Rng,
  ctx: NodeContext,
): Promise<TrainedWeights> {
  const stored = await componentWeights(handle, 'unet', ctx);
  const withLoras = await lorasOver(handle, 'unet', ctx);
  const frozen = withLoras(storedWeights(stored));
  const inputs = new Map<string, Value>();
  if (settings.mode === 'full') {
    const tensors = await componentTensors(handle, 'unet', ctx);
    return {
      frozen,
      trained: withLoras(inputWeights(inputs)),
      inputs,
      initial: new Map([...tensors].map(([name, tensor]) => [name, toFloat32(name, tensor)])),
      lora: null,
    };
  }
  const { rank, alpha } = settings;
  // Diffusers' own naming, so that the file loads there too.
  const lora: LoraSettings = { rank, alpha: alpha || rank, targets: targets[settings.targets], prefix: 'unet.', init: 'gaussian' };
  const trained = withLora(frozen, lora, (name, shape) => {
    const value = input(name, 'float32', shape);
    inputs.set(name, value);
    return value;
  });
  return { frozen, trained, inputs, initial: initializeLora(unet, lora, rng), lora };
}
