// Save LoRA: the work of the node.
import type { Model, NodeRun } from '@facewright/core';
import { familyOfParts, ldmUNetLayers, parseUNetConfig } from '@facewright/models';
import { componentOf, readLoras, safePath } from '@facewright/pipelines';
import type { Tensor } from '@facewright/tensor';
import { kohyaLoraContent, loraContent, tensorOf } from '@facewright/weights';
import type { KohyaSettings, Lora, LoraParts, LoraTensors, WrittenTensor } from '@facewright/weights';
import type { saveLora } from './definition.ts';
import { err } from './errors.ts';
import { inPrecision, type FilePrecision } from './in-precision.ts';
import { inFolder, writeTensors } from './write-tensors.ts';

/** Throws SAVE_MODEL_NO_LORA, WEIGHTS_* for a damaged source, and what the disk says. */
export const run: NodeRun<typeof saveLora> = async ({ model, name, naming, precision }, ctx) => {
  const last = model.loras.at(-1);
  if (!last) throw err.NO_LORA(model.name);
  const [lora] = await readLoras({ ...model, loras: [last] }, ctx);
  const parts = await readParts(lora!, precision);
  const path = safePath(name);
  if (naming === 'kohya') {
    const { tensors, metadata } = kohyaLoraContent(parts, kohyaSettings(model));
    await writeTensors(`${path || 'lora'}.safetensors`, tensors, ctx, metadata);
  } else {
    const { tensors, metadata } = loraContent(parts);
    await writeTensors(inFolder(path, 'pytorch_lora_weights.safetensors'), tensors, ctx, metadata);
  }
  return { model };
};

/** sd-scripts names the U-Net of SDXL as single-file checkpoints do, the others as diffusers does. */
function kohyaSettings(model: Model<'diffusion'>): KohyaSettings {
  const { config: unet } = componentOf(model, 'unet');
  const second = model.components['text_encoder_2']?.config;
  const base = familyOfParts({ unet, ...(second && { text_encoder_2: second }) });
  if (base !== 'sdxl') return { base };
  const names = new Map([...ldmUNetLayers(parseUNetConfig(unet))].map(([there, here]) => [here, there]));
  return { base, unetLayer: (layer) => names.get(layer) ?? layer };
}

async function readParts(lora: Lora, precision: FilePrecision): Promise<LoraParts> {
  const read = async (name: string, tensor: WrittenTensor): Promise<Tensor> => tensorOf(name, inPrecision(name, tensor, precision));
  const parts: Record<string, Map<string, LoraTensors>> = {};
  for (const [part, factors] of Object.entries(lora)) {
    if (factors.size === 0) continue;
    const own = new Map<string, LoraTensors>();
    for (const [weight, { down, up, scale }] of factors) {
      const alpha = scale * down.shape[0]!;
      own.set(weight, { down: await read(weight, down), up: await read(weight, up), alpha });
    }
    parts[part] = own;
  }
  return parts;
}
