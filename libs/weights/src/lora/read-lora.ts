// LoRA files in the spellings that occur, as factors by the names of the weights that they change.
import { toFloat32, type Shape } from '@facewright/tensor';
import { err } from '../errors.ts';
import { openTensorFile } from '../open-tensor-file.ts';
import { readTensors, type StoredTensor } from '../stored-tensor.ts';

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
}
export type LoraPart = keyof LoraTargets;
export type Lora = { readonly [P in LoraPart]: ReadonlyMap<string, LoraFactors> };

type Side = 'down' | 'up' | 'alpha';
interface Spelling {
  readonly pattern: RegExp;
  /** What a match names: the layer with dots, or with every dot an underscore. */
  layer(match: RegExpExecArray): string;
  readonly flat?: true;
}
const sides: Readonly<Record<string, Side>> = {
  lora_A: 'down',
  lora_B: 'up',
  'lora.down': 'down',
  'lora.up': 'up',
  'lora_linear_layer.down': 'down',
  'lora_linear_layer.up': 'up',
  lora_down: 'down',
  lora_up: 'up',
  down: 'down',
  up: 'up',
  alpha: 'alpha',
};
const attentionLayers: Readonly<Record<string, string>> = { to_q: 'to_q', to_k: 'to_k', to_v: 'to_v', to_out: 'to_out.0' };
/** Each pattern captures part, layer and side; the first that fits counts. */
const spellings: readonly Spelling[] = [
  // kohya sd-scripts
  { pattern: /^lora_(unet|te)_(.+)\.(lora_down|lora_up)\.weight$/, layer: (m) => m[2]!, flat: true },
  { pattern: /^lora_(unet|te)_(.+)\.(alpha)$/, layer: (m) => m[2]!, flat: true },
  // diffusers' first attention processors
  {
    pattern: /^(unet|text_encoder)\.(.+\.processor\.to_(?:q|k|v|out))_lora\.(down|up)\.weight$/,
    layer: (m) => m[2]!.replace(/processor\.(to_\w+)$/, (_, layer: string) => attentionLayers[layer]!),
  },
  // PEFT, and diffusers before and after it
  {
    pattern: /^(unet|text_encoder)\.(.+)\.(lora_A|lora_B|lora\.down|lora\.up|lora_linear_layer\.down|lora_linear_layer\.up)\.weight$/,
    layer: (m) => m[2]!,
  },
  { pattern: /^(unet|text_encoder)\.(.+)\.(alpha)$/, layer: (m) => m[2]! },
];

/**
 * Reads a LoRA file for a model: PEFT, diffusers or kohya names, linear layers and convolutions.
 * Throws WEIGHTS_LORA with everything that does not fit, by the file's own names: unknown names, weights that the model lacks, half pairs, wrong shapes; TENSOR_* for an alpha that is no float, and what `openTensorFile` throws.
 */
export async function readLora(file: string, targets: LoraTargets): Promise<Lora> {
  const { tensors, metadata } = await openTensorFile(file);
  const problems: string[] = [];
  const layers = { unet: layerNames(targets.unet), text_encoder: layerNames(targets.text_encoder) };
  const found = new Map<
    string,
    { readonly part: LoraPart; readonly weight: string; readonly sides: Partial<Record<Side, StoredTensor>>; readonly key: string }
  >();
  for (const [key, tensor] of tensors) {
    const hit = spellings.map((spelling) => ({ spelling, match: spelling.pattern.exec(key) })).find(({ match }) => match);
    if (!hit?.match) {
      problems.push(`${key}: expected the name of a LoRA factor`);
      continue;
    }
    const part: LoraPart = hit.match[1] === 'unet' ? 'unet' : 'text_encoder';
    const layer = hit.spelling.layer(hit.match);
    const weight = (hit.spelling.flat ? layers[part].flat : layers[part].dotted).get(layer);
    if (weight === undefined) {
      problems.push(`${key}: expected a layer of the ${part}, got ${layer}`);
      continue;
    }
    const entry = found.get(`${part} ${weight}`) ?? { part, weight, sides: {}, key };
    entry.sides[sides[hit.match[3]!]!] = tensor;
    found.set(`${part} ${weight}`, entry);
  }
  const alphas = await readTensors(
    new Map([...found].flatMap(([name, entry]) => (entry.sides.alpha ? [[name, entry.sides.alpha] as const] : []))),
  );
  const adapter = adapterScales(metadata['lora_adapter_metadata'], problems);
  const lora = { unet: new Map<string, LoraFactors>(), text_encoder: new Map<string, LoraFactors>() };
  for (const [
    name,
    {
      part,
      weight,
      sides: { down, up },
      key,
    },
  ] of found) {
    if (!down || !up) {
      problems.push(`${key}: expected two factors, got only ${down ? 'down' : up ? 'up' : 'alpha'}`);
      continue;
    }
    const rank = down.shape[0] ?? 0;
    const fitted = fit(down, up, targets[part].get(weight)!);
    if (!fitted) {
      problems.push(
        `${key}: expected factors of a weight [${targets[part].get(weight)!.join(', ')}], got [${down.shape.join(', ')}] and [${up.shape.join(', ')}]`,
      );
      continue;
    }
    const stored = alphas.get(name);
    // kohya: an alpha of 0 stands for the rank
    const alpha = (stored && toFloat32(key, stored).data[0]) || adapter(part, weight.replace(/\.weight$/, '')) || rank;
    lora[part].set(weight, { ...fitted, scale: alpha / rank });
  }
  if (problems.length === 0 && found.size === 0) problems.push('file: expected LoRA factors, got none');
  if (problems.length > 0) throw err.LORA(file, problems);
  return lora;
}

/** Weights by the name of their layer, and by that name with underscores, which cannot be told apart from dots. */
function layerNames(weights: ReadonlyMap<string, Shape>): {
  readonly dotted: ReadonlyMap<string, string>;
  readonly flat: ReadonlyMap<string, string>;
} {
  const names = [...weights]
    .filter(([name, shape]) => name.endsWith('.weight') && shape.length >= 2)
    .map(([name]) => [name.replace(/\.weight$/, ''), name] as const);
  return { dotted: new Map(names), flat: new Map(names.map(([layer, name]) => [layer.replaceAll('.', '_'), name])) };
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
    ? { down: { ...down, shape: want.down }, up: { ...up, shape: want.up } }
    : null;
}
const trim = (shape: Shape): Shape => (shape.length === 4 && shape[2] === 1 && shape[3] === 1 ? shape.slice(0, 2) : shape);

/** Alpha per layer from the metadata that newer diffusers writes: `unet.lora_alpha`, with `unet.alpha_pattern` for exceptions. */
function adapterScales(text: string | undefined, problems: string[]): (part: LoraPart, layer: string) => number | undefined {
  if (text === undefined) return () => undefined;
  try {
    const settings = JSON.parse(text) as Readonly<Record<string, unknown>>;
    for (const part of ['unet', 'text_encoder']) {
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
