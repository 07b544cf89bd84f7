// A file of DINO, as its authors or transformers name its tensors: what it is, and its tensors under the names of the module.
import { op } from '@facewright/onnx';
import type { Shape } from '@facewright/tensor';
import { ConfigReader, type Json } from '../config.ts';
import { err } from '../errors.ts';
import type { WeightSource } from '../nn/binding.ts';
import { differenceCount, differenceLines } from '../nn/compare.ts';
import { Parameter } from '../nn/module.ts';
import { storedWeights, type StoredTensor } from '../nn/weight-sources.ts';
import { readVisionTransformer, type VisionTransformerConfig } from '../vit/config.ts';
import { VisionTransformer } from '../vit/vision-transformer.ts';

export interface SplitDino {
  readonly config: VisionTransformerConfig;
  /** What gives the same `config` when it is read beside the same tensors. */
  readonly json: Json;
  /** By the names of VisionTransformer, `attn.qkv` whole or as `attn.query`, `attn.key` and `attn.value`. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/** Pictures are RGB in [0, 1], minus the mean, divided by the deviation of each channel (ImageNet's). */
export const dinoPixels = { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] } as const;

/** Query, key and value of the module are one matrix; transformers keeps them apart. */
const parts = ['query', 'key', 'value'] as const;
const ofParts = (name: string): readonly string[] =>
  name.includes('.attn.qkv.') ? parts.map((part) => name.replace('.qkv.', `.${part}.`)) : [name];

const ofTransformers: readonly (readonly [own: RegExp, theirs: string])[] = [
  [/^cls_token$/, 'embeddings.cls_token'],
  [/^pos_embed$/, 'embeddings.position_embeddings'],
  [/^patch_embed\.proj\./, 'embeddings.patch_embeddings.projection.'],
  [/^norm\./, 'layernorm.'],
  [/^blocks\./, 'encoder.layer.'],
  [/\.norm1\./, '.layernorm_before.'],
  [/\.norm2\./, '.layernorm_after.'],
  [/\.attn\.proj\./, '.attention.output.dense.'],
  [/\.attn\.(query|key|value)\./, '.attention.attention.$1.'],
  [/\.mlp\.fc1\./, '.intermediate.dense.'],
  [/\.mlp\.fc2\./, '.output.dense.'],
];

interface Layout {
  /** The name of the first tensor, with what may stand before all names; in full checkpoints the authors use the teacher. */
  readonly mark: RegExp;
  /** Names in the file of a parameter of the module. */
  readonly names: (name: string) => readonly { readonly own: string; readonly theirs: string }[];
  /** Heads that the features come before. */
  readonly harmless: RegExp;
  readonly normEpsilon: number;
}
const layouts: readonly Layout[] = [
  {
    mark: /^((?:teacher\.|student\.)?(?:module\.)?(?:backbone\.)?)pos_embed$/,
    names: (name) => [{ own: name, theirs: name }],
    harmless: /^head\./,
    normEpsilon: 1e-6,
  },
  {
    mark: /^((?:module\.)?(?:vit\.)?)embeddings\.position_embeddings$/,
    names: (name) =>
      ofParts(name).map((own) => ({ own, theirs: ofTransformers.reduce((theirs, [pattern, by]) => theirs.replace(pattern, by), own) })),
    harmless: /^(pooler|classifier)\./,
    normEpsilon: 1e-12,
  },
];

/** Width of a head in every DINO. */
const headWidth = 64;

/**
 * Sizes are those of the tensors; `json`, a config.json of transformers, adds the number of heads (else one for 64 channels) and the epsilon of the norms (else 1e-6 in files of the
 * authors and 1e-12 in those of transformers). Throws MODELS_INPUT for a file of another kind, MODELS_CONFIG for a configuration that does not fit the tensors, MODELS_WEIGHTS with
 * every tensor that is missing, misshapen or unexpected, by the names of the file.
 */
export function splitDino(file: string, tensors: ReadonlyMap<string, StoredTensor>, json: Json = {}): SplitDino {
  const found = layouts.flatMap((layout) =>
    [...tensors.keys()].flatMap((name) => {
      const prefix = layout.mark.exec(name)?.[1];
      return prefix === undefined ? [] : [{ layout, prefix }];
    }),
  );
  const at = found.find(({ prefix }) => prefix.startsWith('teacher.')) ?? found[0];
  if (!at) {
    const names = [...tensors.keys()].slice(0, 3).join(', ') || 'no tensors';
    throw err.INPUT(file, 'a vision transformer of DINO (pos_embed, or embeddings.position_embeddings of transformers)', names);
  }
  const { layout, prefix } = at;
  const own = new Map(
    [...tensors].flatMap(([name, tensor]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), tensor] as const] : [])),
  );
  const { config, json: said } = configOf(file, own, layout, json);
  const result = new Map<string, StoredTensor>();
  const used = new Set<string>();
  const missing: string[] = [];
  const misshapen: { name: string; want: Shape; got: Shape }[] = [];
  for (const [name, { shape }] of new VisionTransformer(config).parameters()) {
    const places = layout.names(name);
    const want = [shape[0]! / places.length, ...shape.slice(1)];
    for (const { own: part, theirs } of places) {
      const stored = own.get(theirs);
      used.add(theirs);
      if (!stored) missing.push(prefix + theirs);
      else if (String(stored.shape) !== String(want)) misshapen.push({ name: prefix + theirs, want, got: stored.shape });
      else result.set(part, stored);
    }
  }
  const unexpected = [...own.keys()].filter((name) => !used.has(name) && !layout.harmless.test(name)).map((name) => prefix + name);
  const differences = { missing, misshapen, unexpected };
  if (differenceCount(differences) > 0) throw err.WEIGHTS(file, differenceLines(differences), differenceCount(differences));
  return { config, json: said, tensors: result };
}

/** Binds VisionTransformer to the tensors of a file. `rename` sets them apart when several models share a graph. */
export function dinoWeights(
  { tensors }: Pick<SplitDino, 'tensors'>,
  options: { readonly rename?: (name: string) => string } = {},
): WeightSource {
  const stored = storedWeights(tensors, options);
  return (name, parameter) => {
    if (tensors.has(name)) return stored(name, parameter);
    const third = new Parameter([parameter.shape[0]! / parts.length, ...parameter.shape.slice(1)], parameter.init);
    return op.Concat(
      ofParts(name).map((part) => {
        const value = stored(part, third);
        return 'weight' in value ? value.weight : value;
      }),
      { axis: 0 },
    );
  };
}

function configOf(
  file: string,
  tensors: ReadonlyMap<string, StoredTensor>,
  { names, normEpsilon }: Layout,
  json: Json,
): { readonly config: VisionTransformerConfig; readonly json: Json } {
  const missing: string[] = [];
  const shape = (name: string, rank: number): Shape => {
    const [{ theirs } = { theirs: name }] = names(name);
    const got = tensors.get(theirs)?.shape;
    if (got?.length === rank) return got;
    missing.push(theirs);
    return [1, 1, 1, 1];
  };
  const [, positions = 1] = shape('pos_embed', 3);
  const [width = 1, channels = 3, patch = 1] = shape('patch_embed.proj.weight', 4);
  const [mlp] = shape('blocks.0.mlp.fc1.weight', 2);
  if (missing.length > 0)
    throw err.WEIGHTS(
      file,
      missing.map((name) => `missing: ${name}`),
    );
  const pattern = names('blocks.0.norm1.weight')[0]!.theirs.split('.0.');
  const layers = [...tensors.keys()].filter((name) => name.startsWith(`${pattern[0]}.`) && name.endsWith(`.${pattern[1]}`)).length;
  const side = Math.sqrt(positions - 1);
  const sizes: Json = {
    num_channels: channels,
    image_size: Math.round(side) * patch,
    patch_size: patch,
    hidden_size: width,
    intermediate_size: mlp,
    num_hidden_layers: layers,
  };
  const told: Json = { num_attention_heads: Math.max(1, Math.floor(width / headWidth)), layer_norm_eps: normEpsilon, ...json };
  const c = new ConfigReader('DINO', { ...told, ...sizes });
  const config = readVisionTransformer(c);
  c.oneOf('num_channels', [3]);
  c.oneOf('qkv_bias', [true], true);
  c.oneOf('model_type', ['vit'], 'vit');
  // training, the shape of a file, and parts that the features come before
  c.ignore(
    'architectures',
    'attention_probs_dropout_prob',
    'hidden_dropout_prob',
    'initializer_range',
    'encoder_stride',
    'pooler_act',
    'pooler_output_size',
    'transformers_version',
    'torch_dtype',
    'dtype',
  );
  if (!Number.isInteger(side)) c.problems.push(`position embeddings: expected one for the picture and a square of them, got ${positions}`);
  for (const [key, size] of Object.entries(sizes))
    if (json[key] !== undefined && json[key] !== size)
      c.problems.push(`${key}: expected ${String(size)}, as the tensors have it, got ${JSON.stringify(json[key])}`);
  c.finish();
  return { config, json: { ...sizes, num_attention_heads: config.heads, layer_norm_eps: config.normEpsilon } };
}
