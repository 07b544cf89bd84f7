// LoRA files of a handle, added to the weights of a component while its graph is written: no weight is changed.
import type { Model, NodeContext } from '@facewright/core';
import {
  ClipText,
  ldmUNetLayers,
  parseClipTextConfig,
  parseUNetConfig,
  UNet2DCondition,
  withStoredLowRank,
  type Module,
  type WeightSource,
} from '@facewright/models';
import { readLora, readTensors, type Lora, type LoraFactors, type LoraTargets, type StoredTensor } from '@facewright/weights';
import { checkOwnWeights } from '../exported/index.ts';
import { componentOf } from '../model-files.ts';

export type TextComponent = 'text_encoder' | 'text_encoder_2';

const shapesOf = (module: Module) => new Map([...module.parameters()].map(([name, { shape }]) => [name, shape]));

/** The factors of every LoRA file of the handle, in its order. Throws WEIGHTS_LORA with the names of a file that fit no weight of the model, PIPELINES_EXPORTED. */
export async function readLoras(handle: Model<'diffusion'>, ctx: NodeContext): Promise<Lora[]> {
  if (handle.loras.length === 0) return [];
  checkOwnWeights(handle, 'a LoRA');
  const unet = parseUNetConfig(componentOf(handle, 'unet').config);
  const encoder = (name: TextComponent) => shapesOf(new ClipText(parseClipTextConfig(componentOf(handle, name).config)));
  const targets: LoraTargets = {
    unet: shapesOf(new UNet2DCondition(unet)),
    text_encoder: encoder('text_encoder'),
    ...(handle.components['text_encoder_2'] && { text_encoder_2: encoder('text_encoder_2') }),
  };
  const aliases = { unet: new Map([...ldmUNetLayers(unet)].map(([alias, layer]) => [alias, `${layer}.weight`])) };
  return Promise.all(handle.loras.map(async ({ weights }) => readLora(await ctx.assets.file(weights), targets, aliases)));
}

/** How much a LoRA of a handle counts in a component. */
export const loraStrength = ({ strength, textStrength = strength }: Model['loras'][number], component: 'unet' | TextComponent): number =>
  component === 'unet' ? strength : textStrength;

/** Adds every LoRA of the handle, each times its strength, to weights of a component. Throws as readLoras. */
export async function lorasOver(
  handle: Model<'diffusion'>,
  component: 'unet' | TextComponent,
  ctx: NodeContext,
): Promise<(base: WeightSource) => WeightSource> {
  const loras = await Promise.all(
    (await readLoras(handle, ctx)).map(async (lora, index) => ({
      factors: await inMemory(lora[component]),
      strength: loraStrength(handle.loras[index]!, component),
    })),
  );
  return (base) =>
    loras.reduce((source, { factors, strength }, index) => withStoredLowRank(source, factors, { strength, label: `lora${index}` }), base);
}

/** The factors read into memory: they are small, and a graph may point into files of one folder only, that of its checkpoint. */
async function inMemory(factors: ReadonlyMap<string, LoraFactors>): Promise<ReadonlyMap<string, LoraFactors>> {
  const tensors = await readTensors(
    new Map([...factors].flatMap(([name, { down, up }]) => [[`${name} down`, down] as const, [`${name} up`, up] as const])),
  );
  const stored = (name: string): StoredTensor => {
    const tensor = tensors.get(name)!;
    return { kind: 'memory', tensor, dtype: tensor.dtype, shape: tensor.dims };
  };
  return new Map([...factors].map(([name, { scale }]) => [name, { down: stored(`${name} down`), up: stored(`${name} up`), scale }]));
}

/** `base` with every LoRA of the handle. Throws as lorasOver. */
export const loraAdditions = async (
  handle: Model<'diffusion'>,
  component: 'unet' | TextComponent,
  base: WeightSource,
  ctx: NodeContext,
): Promise<WeightSource> => (await lorasOver(handle, component, ctx))(base);
