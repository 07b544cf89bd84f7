// LoRA files of a handle, added to the weights of a component while its graph is written: no weight is changed.
import type { Model, NodeContext } from '@facewright/core';
import {
  ClipText,
  parseClipTextConfig,
  parseUNetConfig,
  UNet2DCondition,
  withStoredLowRank,
  type ClipTextConfig,
  type Module,
  type UNetConfig,
  type WeightSource,
} from '@facewright/models';
import { readLora } from '@facewright/weights';
import { componentOf } from './model-files.ts';

interface Configs {
  readonly unet: UNetConfig;
  readonly text_encoder: ClipTextConfig;
}
const shapesOf = (module: Module) => new Map([...module.parameters()].map(([name, { shape }]) => [name, shape]));

/** Adds every LoRA of the handle, each times its strength, to weights of a component. Throws WEIGHTS_LORA with all names of a file that fit no weight of the model. */
export async function lorasOver<C extends keyof Configs>(
  handle: Model<'diffusion'>,
  component: C,
  config: Configs[C],
  ctx: NodeContext,
): Promise<(base: WeightSource) => WeightSource> {
  if (handle.loras.length === 0) return (base) => base;
  const configs: Configs = {
    unet: parseUNetConfig(componentOf(handle, 'unet').config),
    text_encoder: parseClipTextConfig(componentOf(handle, 'text_encoder').config),
    [component]: config,
  };
  const targets = { unet: shapesOf(new UNet2DCondition(configs.unet)), text_encoder: shapesOf(new ClipText(configs.text_encoder)) };
  const loras = await Promise.all(
    handle.loras.map(async ({ weights, strength }) => ({
      factors: (await readLora(await ctx.assets.file(weights), targets))[component],
      strength,
    })),
  );
  return (base) =>
    loras.reduce((source, { factors, strength }, index) => withStoredLowRank(source, factors, { strength, label: `lora${index}` }), base);
}

/** `base` with every LoRA of the handle. Throws as lorasOver. */
export const loraAdditions = async <C extends keyof Configs>(
  handle: Model<'diffusion'>,
  component: C,
  base: WeightSource,
  config: Configs[C],
  ctx: NodeContext,
): Promise<WeightSource> => (await lorasOver(handle, component, config, ctx))(base);
