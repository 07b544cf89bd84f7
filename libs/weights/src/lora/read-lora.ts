// LoRA files in the spellings that occur, as factors by the names of the weights that they change.
import { toFloat32, type Shape, type Tensor } from '@facewright/tensor';
import { err } from '../errors.ts';
import { firstFew } from '../first-few.ts';
import { openTensorFile } from '../open-tensor-file.ts';
import { readTensors, reshaped, type StoredTensor } from '../stored-tensor.ts';
import { sayMadeFor } from './made-for.ts';
import { readFactorName, sayOtherKinds, type Factor, type Side } from './spellings.ts';

/** An addition `scale * up @ down` to a weight [out, in, ...]: down is [rank, in, ...], up is [out, rank, ...ones]. */
export interface LoraFactors {
  readonly down: StoredTensor;
  readonly up: StoredTensor;
  /** alpha / rank where the file says alpha, else 1. */
  readonly scale: number;
}

/** Names and shapes of the weights of each part of a model that a LoRA may change. */
export interface LoraTargets {
  readonly unet: ReadonlyMap<string, Shape>;
  readonly text_encoder: ReadonlyMap<string, Shape>;
  /** SDXL's second text encoder. */
  readonly text_encoder_2?: ReadonlyMap<string, Shape>;
}
export type LoraPart = keyof LoraTargets;
export type Lora = { readonly [P in LoraPart]-?: ReadonlyMap<string, LoraFactors> };
/** Weights of the U-Net by the names that their layers have in single-file checkpoints (`input_blocks.4.1.proj_in`), which some kohya files use. */
export interface LoraAliases {
  readonly unet?: ReadonlyMap<string, string>;
}

const partNames: readonly LoraPart[] = ['unet', 'text_encoder', 'text_encoder_2'];
interface Found {
  readonly part: LoraPart;
  readonly weight: string;
  readonly sides: Partial<Record<Side, StoredTensor>>;
  readonly key: string;
}

/**
 * Reads a LoRA file for a model, safetensors or PyTorch: PEFT, diffusers or kohya names, linear layers and convolutions.
 * Throws WEIGHTS_LORA with everything that does not fit, by the file's own names: another kind of addition (DoRA, LoHa, LoKr, …), another kind of model, unknown names,
 * weights that the model lacks, half pairs, wrong shapes; and what `openTensorFile` throws.
 */
export async function readLora(file: string, targets: LoraTargets, aliases: LoraAliases = {}): Promise<Lora> {
  const { tensors, metadata } = await openTensorFile(file);
  const otherKinds = sayOtherKinds([...tensors.keys()]);
  if (otherKinds.length > 0) throw err.LORA(file, otherKinds);
  const problems = {
    names: [] as string[],
    layers: [] as string[],
    halves: [] as string[],
    shapes: [] as string[],
    numbers: [] as string[],
  };
  const weightOf = weightNames(targets, aliases);
  const found = new Map<string, Found>();
  for (const [key, tensor] of tensors) {
    const factor = readFactorName(key);
    if (!factor) {
      problems.names.push(`${key}: expected the name of a LoRA factor`);
      continue;
    }
    const target = weightOf(factor);
    if (!target) {
      problems.layers.push(`${key}: expected a layer of the ${factor.part ?? 'unet'}, got ${factor.layer}`);
      continue;
    }
    const id = `${target.part} ${target.weight}`;
    const entry = found.get(id) ?? { ...target, sides: {}, key };
    entry.sides[factor.side] = tensor;
    found.set(id, entry);
  }
  const alphas = await readTensors(
    new Map([...found].flatMap(([id, entry]) => (entry.sides.alpha ? [[id, entry.sides.alpha] as const] : []))),
  );
  const adapter = adapterScales(metadata['lora_adapter_metadata'], problems.numbers);
  const lora = {
    unet: new Map<string, LoraFactors>(),
    text_encoder: new Map<string, LoraFactors>(),
    text_encoder_2: new Map<string, LoraFactors>(),
  };
  for (const [id, { part, weight, sides, key }] of found) {
    const { down, up } = sides;
    if (!down || !up) {
      problems.halves.push(`${key}: expected two factors, got only ${down ? 'down' : up ? 'up' : 'alpha'}`);
      continue;
    }
    const shape = targets[part]!.get(weight)!;
    const fitted = fit(down, up, shape);
    if (!fitted) {
      problems.shapes.push(
        `${key}: expected factors of a weight [${shape.join(', ')}], got [${down.shape.join(', ')}] and [${up.shape.join(', ')}]`,
      );
      continue;
    }
    const rank = down.shape[0]!;
    const stored = alphas.get(id);
    // kohya: an alpha of 0 stands for the rank
    const alpha = (stored && numberOf(key, stored)) || adapter(part, weight.replace(/\.weight$/, '')) || rank;
    if (!Number.isFinite(alpha)) problems.numbers.push(`${key}: expected a finite alpha, got ${alpha}`);
    lora[part].set(weight, { ...fitted, scale: alpha / rank });
  }
  const all = Object.values(problems).flatMap((kind) => firstFew(kind));
  if (all.length > 0) throw err.LORA(file, [...sayMadeFor(tensors, targets), ...all]);
  if (found.size === 0) throw err.LORA(file, ['file: expected LoRA factors, got none']);
  return lora;
}

/** Finds the weight that a factor changes. Names with underscores for dots cannot be taken apart, so every layer is known under both. */
function weightNames(
  targets: LoraTargets,
  aliases: LoraAliases,
): (factor: Factor) => { readonly part: LoraPart; readonly weight: string } | null {
  const names = new Map(
    partNames.map((part) => {
      const layers = [...(targets[part] ?? [])]
        .filter(([name, shape]) => name.endsWith('.weight') && shape.length >= 2)
        .map(([name]) => [name.replace(/\.weight$/, ''), name] as const);
      const all = [...(part === 'unet' ? (aliases.unet ?? []) : []), ...layers];
      return [part, { dotted: new Map(all), flat: new Map(all.map(([layer, name]) => [layer.replaceAll('.', '_'), name])) }] as const;
    }),
  );
  return ({ part: told, layer, flat }) => {
    for (const part of told ? [told] : partNames) {
      const { dotted, flat: flattened } = names.get(part)!;
      // newer transformers has no `text_model.` in the names of its text encoders
      const weight = flat
        ? (flattened.get(layer) ?? flattened.get(`text_model_${layer}`))
        : (dotted.get(layer) ?? dotted.get(`text_model.${layer}`));
      if (weight !== undefined) return { part, weight };
    }
    return null;
  };
}

/** The factors in the layout of the weight: a linear layer and a 1x1 convolution hold the same numbers. Null when they do not fit. */
function fit(
  down: StoredTensor,
  up: StoredTensor,
  [outputs = 0, inputs = 0, ...kernel]: Shape,
): { readonly down: StoredTensor; readonly up: StoredTensor } | null {
  const [rank = 0] = down.shape;
  const want = { down: [rank, inputs, ...kernel], up: [outputs, rank, ...kernel.map(() => 1)] };
  const same = (got: Shape, shape: Shape) => String(trim(got)) === String(trim(shape));
  return rank > 0 && same(down.shape, want.down) && same(up.shape, want.up)
    ? { down: reshaped(down, want.down), up: reshaped(up, want.up) }
    : null;
}
const trim = (shape: Shape): Shape => (shape.length === 4 && shape[2] === 1 && shape[3] === 1 ? shape.slice(0, 2) : shape);

/** The first number of a tensor. Trainers also save alpha as a whole number. */
const numberOf = (name: string, tensor: Tensor): number =>
  tensor.dtype === 'int64' || tensor.dtype === 'int32' ? Number(tensor.data[0] ?? 0) : (toFloat32(name, tensor).data[0] ?? 0);

/** Alpha per layer from the metadata that newer diffusers writes: `unet.lora_alpha`, with `unet.alpha_pattern` for exceptions. */
function adapterScales(text: string | undefined, problems: string[]): (part: LoraPart, layer: string) => number | undefined {
  if (text === undefined) return () => undefined;
  try {
    const settings = JSON.parse(text) as Readonly<Record<string, unknown>>;
    for (const part of partNames) {
      for (const key of ['use_rslora', 'use_dora'])
        if (settings[`${part}.${key}`] === true) problems.push(`metadata ${part}.${key}: expected plain LoRA, got true`);
    }
    return (part, layer) => {
      const pattern = settings[`${part}.alpha_pattern`] as Readonly<Record<string, number>> | undefined;
      const own = Object.entries(pattern ?? {}).find(([name]) => layer === name || layer.endsWith(`.${name}`));
      return own?.[1] ?? (settings[`${part}.lora_alpha`] as number | undefined);
    };
  } catch {
    problems.push('metadata lora_adapter_metadata: expected JSON');
    return () => undefined;
  }
}
