// How LoRA files spell their factors: the part of the model, the layer in it, and which of the two factors.
import type { LoraPart } from './read-lora.ts';

export type Side = 'down' | 'up' | 'alpha';
export interface Factor {
  /** Not told by names that begin right with the layer. */
  readonly part: LoraPart | undefined;
  /** With dots, or where `flat` with every dot an underscore. */
  readonly layer: string;
  readonly flat: boolean;
  readonly side: Side;
}
interface Spelling {
  /** Captures part, layer and side; the first that fits counts. */
  readonly pattern: RegExp;
  readonly flat?: true;
  readonly layer?: (name: string) => string;
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
const parts: Readonly<Record<string, LoraPart>> = {
  unet: 'unet',
  te: 'text_encoder',
  te1: 'text_encoder',
  te2: 'text_encoder_2',
  text_encoder: 'text_encoder',
  text_encoder_2: 'text_encoder_2',
};
/** What diffusers' first attention processors called the projections of the U-Net and of the text encoder. */
const projections: Readonly<Record<string, readonly [unet: string, text: string]>> = {
  to_q: ['to_q', 'q_proj'],
  to_k: ['to_k', 'k_proj'],
  to_v: ['to_v', 'v_proj'],
  to_out: ['to_out.0', 'out_proj'],
};
/** PEFT wraps the model before it saves. */
const part = String.raw`^(?:base_model\.model\.)?(?:(unet|text_encoder_2|text_encoder)\.)?(?:base_model\.model\.)?`;
const spellings: readonly Spelling[] = [
  // kohya sd-scripts
  { pattern: /^lora_(unet|te1|te2|te)_(.+)\.(?:(lora_down|lora_up)\.weight|(alpha))$/, flat: true },
  // diffusers' first attention processors
  {
    pattern: new RegExp(String.raw`${part}(.+\.(?:processor|self_attn)\.to_(?:q|k|v|out))_lora\.(down|up)\.weight$`),
    layer: (name) =>
      name.replace(/(processor\.|self_attn\.)(to_\w+)$/, (_, where: string, layer: string) =>
        where === 'processor.' ? projections[layer]![0] : `${where}${projections[layer]![1]}`,
      ),
  },
  // PEFT, and diffusers before and after it
  {
    pattern: new RegExp(
      String.raw`${part}(.+)\.(lora_A|lora_B|lora\.down|lora\.up|lora_linear_layer\.down|lora_linear_layer\.up)(?:\.default)?\.weight$`,
    ),
  },
  { pattern: new RegExp(String.raw`${part}(.+)\.(alpha)$`) },
];

/** What a name of a file says; null when it is not the name of a factor. */
export function readFactorName(key: string): Factor | null {
  for (const { pattern, flat = false, layer = (name: string) => name } of spellings) {
    const match = pattern.exec(key);
    if (match) return { part: parts[match[1] ?? ''], layer: layer(match[2]!), flat, side: sides[match[3] ?? match[4]!]! };
  }
  return null;
}

/** Other ways of adding to weights that come in like files. Each is one more computation that this project does not have. */
const otherKinds: readonly (readonly [kind: string, mark: RegExp])[] = [
  ['DoRA', /\.(dora_scale|lora_magnitude_vector)(\.|$)/],
  ['LoHa', /\.hada_/],
  ['LoKr', /\.lokr_/],
  ['LoCon with a CP-decomposed convolution', /\.lora_mid\./],
  ['OFT', /\.oft_/],
  ['(IA)³', /\.on_input$/],
  ['whole differences of weights', /\.diff(_b)?$/],
];
/** The kinds of additions among the names of a file that are not plain LoRA, one line each. */
export const sayOtherKinds = (keys: readonly string[]): string[] =>
  otherKinds.flatMap(([kind, mark]) => {
    const found = keys.filter((key) => mark.test(key));
    return found.length > 0
      ? [`the file is ${kind}: expected plain LoRA, two factors for each layer, got ${found[0]!} and ${found.length - 1} more of its kind`]
      : [];
  });
