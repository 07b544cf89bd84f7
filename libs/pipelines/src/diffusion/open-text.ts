// The text encoders of a diffusion model opened for use: prompts to conditioning.
import type { Model, NodeContext } from '@facewright/core';
import { parseClipTextConfig, storedWeights, textGraph, type ClipTextConfig, type Tokenizer } from '@facewright/models';
import { toFloat32, type Tensor } from '@facewright/tensor';
import { readEmbedding, readTensors } from '@facewright/weights';
import { err } from '../errors.ts';
import { isExported, openExportedText, type ExportedText } from '../exported/index.ts';
import { fusedWhere } from '../fused-where.ts';
import { componentOf, componentWeights } from '../model-files.ts';
import { openClipTokenizer } from '../open-tokenizer.ts';
import { encodePrompts, type TextRun } from '../prompts/encode-prompts.ts';
import { runRows } from '../run-rows.ts';
import type { Conditioning } from './conditioning.ts';
import { loraAdditions, type TextComponent } from './lora-additions.ts';
import { sessionOf } from './open-session.ts';

/** `clipSkip` 1 reads the last layer that the model was trained with, 2 the one before it, and so on. Throws PIPELINES_CLIP_SKIP for more than there are layers. */
export type EncodePrompts = (texts: readonly string[], clipSkip: number) => Promise<Conditioning>;

export interface OpenText {
  /** Width of the features of a token, of all encoders together. */
  readonly width: number;
  readonly encode: EncodePrompts;
}

/** `dual`: the model was trained on the layer before the last of two encoders, not normed, and on a pooled vector (SDXL). Chunks of `batch` prompts go together. Throws as componentWeights, lorasOver, openClipTokenizer and readEmbedding. */
export async function openText(
  handle: Model<'diffusion'>,
  { dual, batch }: { readonly dual: boolean; readonly batch: number },
  ctx: NodeContext,
): Promise<OpenText> {
  const names: readonly TextComponent[] = dual ? ['text_encoder', 'text_encoder_2'] : ['text_encoder'];
  const encoders = await Promise.all(names.map((name) => openEncoder(handle, name, dual, batch, ctx)));
  return {
    width: encoders.reduce((sum, { config }) => sum + config.width, 0),
    encode: async (texts, clipSkip) => encodePrompts(texts, await Promise.all(encoders.map(({ at }) => at(clipSkip))), ctx.log),
  };
}

async function openEncoder(handle: Model<'diffusion'>, name: TextComponent, dual: boolean, batch: number, ctx: NodeContext) {
  const config = parseClipTextConfig(componentOf(handle, name).config);
  // made when the first prompt comes, since that takes longer than opening a checkpoint
  const openTokenizer = () => openClipTokenizer(handle, name === 'text_encoder' ? 'tokenizer' : 'tokenizer_2', config.maxTokens, ctx);
  if (isExported(handle, name))
    return { config, at: exportedRun(await openExportedText(handle, name, ctx), handle, config, openTokenizer, dual) };
  const weights = await loraAdditions(handle, name, storedWeights(await componentWeights(handle, name, ctx)), ctx);
  const embeddings = await openEmbeddings(handle, config, ctx);
  const pooled = name === 'text_encoder_2';

  const at = async (clipSkip: number): Promise<TextRun> => {
    const skip = dual ? clipSkip : clipSkip - 1;
    if (skip >= config.layers) throw err.CLIP_SKIP(handle.name, config.layers - (dual ? 1 : 0), clipSkip);
    return {
      tokenizer: await openTokenizer(),
      width: config.width,
      embeddings,
      async run({ ids, rows, tokens, poolIndex, embeds }) {
        const variant = `${tokens}-${skip}${embeds ? '-embeds' : ''}`;
        const options = { ...fusedWhere(ctx), skip, finalNorm: !dual, pooled, embeds: embeds !== undefined };
        const given = await runRows(
          {
            input_ids: { dtype: 'int64', dims: [rows, tokens], data: ids },
            ...(pooled && { pool_index: { dtype: 'int64', dims: [rows], data: poolIndex } as Tensor<'int64'> }),
            ...(embeds && {
              token_embeds: { dtype: 'float32', dims: [rows, tokens, config.width], data: embeds.vectors } as Tensor<'float32'>,
              token_embeds_mask: { dtype: 'float32', dims: [rows, tokens, 1], data: embeds.mask } as Tensor<'float32'>,
            }),
          },
          {
            batch,
            signal: ctx.signal,
            open: (n) => sessionOf(handle, name, `${n}x${variant}`, ctx, () => textGraph(config, { batch: n, tokens }, weights, options)),
          },
        );
        return { hidden: given['hidden']!, ...(pooled && { pooled: given['pooled']! }) };
      },
    };
  };
  return { config, at };
}

/** An exported graph takes no vectors, and what it gives of an earlier layer is not normed: only Stable Diffusion XL reads such. */
const exportedRun =
  (text: ExportedText, { name }: Model, { width }: ClipTextConfig, openTokenizer: () => Promise<Tokenizer>, dual: boolean) =>
  async (clipSkip: number): Promise<TextRun> => {
    const skip = dual ? clipSkip : clipSkip - 1;
    if (skip > 0 && !dual)
      throw err.NETWORK(name, 'a text encoder whose weights are at hand, as clipSkip above 1 needs', 'an exported graph');
    return {
      tokenizer: await openTokenizer(),
      width,
      embeddings: new Map(),
      async run({ ids, rows, tokens }) {
        const { hidden, pooled } = await text.run({ dtype: 'int64', dims: [rows, tokens], data: ids }, { skip });
        return { hidden, ...(pooled && { pooled }) };
      },
    };
  };

/** Textual inversions of the handle that fit a text encoder, by name. Throws PIPELINES_EMBEDDING for one that fits none. */
async function openEmbeddings(
  { embeddings = [] }: Model<'diffusion'>,
  { width }: ClipTextConfig,
  ctx: NodeContext,
): Promise<ReadonlyMap<string, Float32Array>> {
  const found = new Map<string, Float32Array>();
  for (const { name, weights } of embeddings) {
    const { vectors } = await readEmbedding(await ctx.assets.file(weights));
    const fitting = [...vectors].filter(([, { shape }]) => shape[1] === width);
    const [first] = fitting;
    if (!first)
      throw err.EMBEDDING(
        name,
        width,
        [...vectors].map(([encoder, { shape }]) => `${encoder} of width ${shape[1]}`),
      );
    const tensors = await readTensors(new Map([first]));
    found.set(name, toFloat32(name, tensors.get(first[0])!).data);
  }
  return found;
}
