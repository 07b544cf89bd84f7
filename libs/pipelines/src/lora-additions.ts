// LoRA files of a handle, added to the weights of a component while its graph is written: no weight is changed.
import type { Model, NodeContext } from '@facewright/core';
import { ClipText, UNet2DCondition, withLowRank, type ClipTextConfig, type Module, type StoredTensor, type UNetConfig, type WeightSource } from '@facewright/models';
import { op, parameter, type Value } from '@facewright/onnx';
import { readSafetensorsHeader } from '@facewright/weights';
import { err } from './errors.ts';

interface Configs {
  readonly unet: UNetConfig;
  readonly text_encoder: ClipTextConfig;
}
const modules: { readonly [C in keyof Configs]: (config: Configs[C]) => Module } = {
  unet: (config) => new UNet2DCondition(config),
  text_encoder: (config) => new ClipText(config),
};

interface Factors {
  readonly down: Value;
  readonly up: Value;
}

/** Adds every LoRA of the handle, each times its strength, to weights of a component. Throws PIPELINES_LORA with all names of a file that fit no weight. */
export async function lorasOver<C extends keyof Configs>(handle: Model<'diffusion'>, component: C, config: Configs[C], ctx: NodeContext): Promise<(base: WeightSource) => WeightSource> {
  const known = new Map(modules[component](config).parameters());
  const added: { readonly factors: ReadonlyMap<string, Factors>; readonly strength: number }[] = [];
  for (const [index, { name, weights, strength }] of handle.loras.entries()) {
    const { tensors } = await readSafetensorsHeader(await ctx.assets.file(weights));
    const { factors, problems } = factorsOf(`lora${index}.`, component, tensors, known);
    if (problems.length > 0) throw err.LORA(name, problems);
    added.push({ factors, strength });
  }
  return (base) =>
    added.reduce((source, { factors, strength }) => withLowRank(source, (name) => {
      const pair = factors.get(name);
      return pair ? [{ ...pair, scale: strength }] : [];
    }), base);
}

/** `base` with every LoRA of the handle. Throws as lorasOver. */
export const loraAdditions = async <C extends keyof Configs>(handle: Model<'diffusion'>, component: C, base: WeightSource, config: Configs[C], ctx: NodeContext): Promise<WeightSource> =>
  (await lorasOver(handle, component, config, ctx))(base);

/** PEFT's spelling, which diffusers writes: `unet.<layer>.lora_A.weight` is down [rank, in, …], `lora_B` is up [out, rank, …]; the product counts once. */
function factorsOf(rename: string, component: string, tensors: ReadonlyMap<string, StoredTensor>, known: ReadonlyMap<string, { readonly shape: readonly number[] }>): { readonly factors: Map<string, Factors>; readonly problems: string[] } {
  const [factors, problems] = [new Map<string, Factors>(), [] as string[]];
  for (const [key, down] of tensors) {
    const match = /^(\w+?)\.(.+)\.lora_(A|B)\.weight$/.exec(key);
    if (!match || !(match[1]! in modules)) problems.push(`${key}: not the name of a factor`);
    if (!match || match[1] !== component || match[3] === 'B') continue;
    const name = `${match[2]}.weight`;
    const up = tensors.get(key.replace('.lora_A.', '.lora_B.'));
    const wanted = known.get(name)?.shape;
    if (!up) problems.push(`${key}: without its lora_B`);
    else if (!wanted) problems.push(`${key}: the model has no ${name}`);
    else if (up.shape[0] !== wanted[0] || down.shape[1] !== wanted[1] || up.shape[1] !== down.shape[0]) problems.push(`${key}: [${up.shape.join(', ')}] and [${down.shape.join(', ')}] for a weight [${wanted.join(', ')}]`);
    else factors.set(name, { down: floats(rename + key, down), up: floats(rename + key.replace('.lora_A.', '.lora_B.'), up) });
  }
  return { factors, problems };
}

function floats(name: string, stored: StoredTensor): Value {
  const value = parameter(name, stored.dtype, stored.shape, stored);
  return stored.dtype === 'float32' ? value : op.Cast([value], { to: 'float32' });
}
