// Exported Stable Diffusion pipelines (optimum's and diffusers' ONNX folders) as the functions that a pipeline calls.
import type { Model, NodeContext } from '@facewright/core';
import { sizeOf, type Tensor } from '@facewright/tensor';
import { err } from '../errors.ts';
import { componentOf } from '../model-files.ts';
import { gatherRows, stackRows } from '../run-rows.ts';
import { openExportedGraph, type ExportedGraph, type Floats } from './exported-graph.ts';

export interface UNetFeeds {
  /** [n, channels, h, w], scaled as the schedule asks. */
  readonly sample: Floats;
  /** [n]; rounded where the export takes whole numbers. */
  readonly timestep: Floats;
  /** [n, tokens, width]. */
  readonly encoder_hidden_states: Floats;
  /** [n, pooled width], for Stable Diffusion XL. */
  readonly text_embeds?: Floats;
  /** [n, 6], for Stable Diffusion XL. */
  readonly time_ids?: Floats;
}
export interface ExportedUNet {
  /** [n, out channels, h, w]. An export that takes one timestep is run once for each that differs. */
  predict(feeds: UNetFeeds): Promise<Floats>;
}
export interface ExportedText {
  /** How many layers can be skipped: the export gives their hidden states. */
  readonly skippable: number;
  /**
   * `ids` [n, tokens]. `hidden` [n, tokens, width]: without `skip` the last hidden state with the final norm, else the state before the last `skip` layers, without it. `pooled` [n, width]: projected where
   * the export projects; null where it gives none. Throws PIPELINES_NETWORK for more than can be skipped.
   */
  run(ids: Tensor<'int64'>, options?: { readonly skip?: number }): Promise<{ readonly hidden: Floats; readonly pooled: Floats | null }>;
}
export interface ExportedVae {
  /** `sample` [n, 3, h, w] in [-1, 1] to [n, latent channels, h / stride, w / stride], unscaled. An export that samples by itself gives the sample as `mean`, and no `logvar`. */
  encode(sample: Floats): Promise<{ readonly mean: Floats; readonly logvar: Floats | null }>;
  /** Unscaled latents to pictures in about [-1, 1]. */
  decode(latents: Floats): Promise<Floats>;
}

/** Whether a component is a finished graph. */
export const isExported = (handle: Model, component: string): boolean => handle.components[component]?.format === 'onnx';

/** Throws PIPELINES_COMPONENT, PIPELINES_NETWORK for a graph that takes something else, ONNX_MALFORMED. */
export async function openExportedUNet(handle: Model, ctx: NodeContext): Promise<ExportedUNet> {
  const graph = await openExportedGraph(handle, 'unet', ctx, {
    needed: ['sample', 'timestep', 'encoder_hidden_states'],
    known: ['text_embeds', 'time_ids'],
  });
  const steps = graph.input('timestep')!.shape;
  // One for each row where the axis has the name of the rows of the sample, else one for all.
  const perRow = steps.length === 1 && steps[0] !== 1 && (typeof steps[0] === 'number' || steps[0] === graph.input('sample')!.shape[0]);
  const predict = async (feeds: UNetFeeds): Promise<Floats> => {
    const [rows = 0] = feeds.sample.dims;
    const times = feeds.timestep.data;
    if (!perRow && times.some((time) => time !== times[0])) {
      const parts: Floats[] = [];
      for (let row = 0; row < rows; row++) {
        ctx.signal.throwIfAborted();
        parts.push(
          await predict(
            Object.fromEntries(
              Object.entries(feeds).map(([name, tensor]) => [name, gatherRows(tensor as Floats, [row])]),
            ) as unknown as UNetFeeds,
          ),
        );
      }
      return stackRows(parts);
    }
    const timestep = perRow ? feeds.timestep : { dims: steps.map(() => 1), data: times.subarray(0, 1) };
    const results = await graph.run({ ...feeds, timestep });
    return outputOf(handle, 'unet', graph, results, ['out_sample']);
  };
  return { predict };
}

/** `component` is 'text_encoder' or 'text_encoder_2'. Throws as openExportedUNet. */
export async function openExportedText(handle: Model, component: string, ctx: NodeContext): Promise<ExportedText> {
  const graph = await openExportedGraph(handle, component, ctx, { needed: ['input_ids'] });
  const has = (name: string) => graph.outputs.some((output) => output.name === name);
  let layers = 0;
  while (has(`hidden_states.${layers + 1}`)) layers++;
  return {
    skippable: layers,
    async run(ids, { skip = 0 } = {}) {
      if (skip > layers)
        throw err.NETWORK(
          `${handle.name}, ${component}`,
          `hidden states of ${skip} layers before the last, as skipping them needs`,
          layers ? `those of ${layers}` : 'an export without hidden states',
        );
      const results = await graph.run({ input_ids: ids });
      return {
        // hidden_states.0 are the embeddings, hidden_states.i what layer i gives.
        hidden: skip ? results[`hidden_states.${layers - skip}`]! : outputOf(handle, component, graph, results, ['last_hidden_state']),
        pooled: results['text_embeds'] ?? results['pooler_output'] ?? null,
      };
    },
  };
}

/** Throws as openExportedUNet. */
export async function openExportedVae(handle: Model, ctx: NodeContext): Promise<ExportedVae> {
  const [encoder, decoder] = [
    await openExportedGraph(handle, 'vae_encoder', ctx, { needed: ['sample'] }),
    await openExportedGraph(handle, 'vae_decoder', ctx, { needed: ['latent_sample'] }),
  ];
  const declared = decoder.input('latent_sample')!.shape[1];
  const channels = typeof declared === 'number' ? declared : Number(componentOf(handle, 'vae_decoder').config['latent_channels'] ?? 4);
  return {
    async encode(sample) {
      const given = outputOf(handle, 'vae_encoder', encoder, await encoder.run({ sample }), ['latent_parameters', 'latent_sample']);
      // The name does not tell: some exporters call the moments latent_sample.
      if (given.dims[1] === channels) return { mean: given, logvar: null };
      if (given.dims[1] !== 2 * channels)
        throw err.NETWORK(
          `${handle.name}, vae_encoder`,
          `${channels} latent channels, or as many means and variances`,
          `${given.dims[1]} channels`,
        );
      return { mean: half(given, 0), logvar: half(given, 1) };
    },
    decode: async (latents) => outputOf(handle, 'vae_decoder', decoder, await decoder.run({ latent_sample: latents }), ['sample']),
  };
}

/** The first output that has one of the names; the only output whatever it is called. Throws PIPELINES_NETWORK. */
function outputOf(
  handle: Model,
  component: string,
  { outputs }: ExportedGraph,
  results: Readonly<Record<string, Floats>>,
  names: readonly string[],
): Floats {
  const name = names.find((one) => results[one]) ?? (outputs.length === 1 ? outputs[0]!.name : undefined);
  if (name === undefined)
    throw err.NETWORK(`${handle.name}, ${component}`, `an output ${names.join(' or ')}`, outputs.map((output) => output.name).join(', '));
  return results[name]!;
}

/** The first or second half of the channels. */
function half({ dims, data }: Floats, which: 0 | 1): Floats {
  const [rows = 0, channels = 0, ...rest] = dims;
  const plane = (channels / 2) * sizeOf(rest);
  const part = new Float32Array(rows * plane);
  for (let row = 0; row < rows; row++) part.set(data.subarray((2 * row + which) * plane, (2 * row + which + 1) * plane), row * plane);
  return { dtype: 'float32', dims: [rows, channels / 2, ...rest], data: part };
}
