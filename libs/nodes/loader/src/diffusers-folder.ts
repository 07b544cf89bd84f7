// A model as a folder in the diffusers layout: each part with its configuration and its weights, or with an exported graph.
import type { FileRef, Model, NodeContext } from '@facewright/core';
import {
  AutoencoderKL,
  checkWeights,
  ClipText,
  families,
  modernAutoencoderNames,
  parseAutoencoderConfig,
  parseClipTextConfig,
  parseNoiseSchedule,
  parseUNetConfig,
  splitVaeFile,
  UNet2DCondition,
  type Json,
  type Module,
  type StoredTensor,
} from '@facewright/models';
import { readExportFolder } from '@facewright/pipelines';
import { openTensorFile } from '@facewright/weights';
import { err } from './errors.ts';
import { firstFile, readJson } from './read-json.ts';

type Components = Model['components'];
type Tensors = ReadonlyMap<string, StoredTensor>;

const weightNames = (stem: string) => [`${stem}.safetensors`, `${stem}.fp16.safetensors`, `${stem}.bin`, `${stem}.fp16.bin`];
interface PartLayout {
  readonly weights: readonly string[];
  module(config: Json): Module;
  /** Weights by the names of the module. */
  names?(tensors: Tensors): Tensors;
}
const textEncoder: PartLayout = {
  weights: [...weightNames('model'), 'pytorch_model.bin', 'pytorch_model.fp16.bin'],
  module: (config) => new ClipText(parseClipTextConfig(config)),
};
const layouts: Readonly<Record<string, PartLayout>> = {
  unet: { weights: weightNames('diffusion_pytorch_model'), module: (config) => new UNet2DCondition(parseUNetConfig(config)) },
  vae: {
    weights: weightNames('diffusion_pytorch_model'),
    module: (config) => new AutoencoderKL(parseAutoencoderConfig(config)),
    names: modernAutoencoderNames,
  },
  text_encoder: textEncoder,
  text_encoder_2: textEncoder,
};

const inPart = (name: string) => layouts[name]!.weights.map((file) => `${name}/${file}`);

/** `vae` replaces the autoencoder of the folder. Throws LOADER_MISSING, LOADER_JSON, LOADER_MODEL, LOADER_KIND, WEIGHTS_*, and what readExportFolder throws. */
export async function fromFolder(folder: string, vae: FileRef | null, ctx: NodeContext): Promise<Components> {
  // Where both are there, as in the folder of Stable Diffusion XL, weights can do more than graphs.
  const weightsAtHand = await firstFile(folder, inPart('unet'), ctx);
  const exported = weightsAtHand === null ? await readExportFolder(folder, ctx) : {};
  if (exported.unet && vae) throw err.KIND('vae', 'nothing beside exported graphs, which bring their own', 'a file');
  const missing: string[] = [];
  const need = async (names: readonly string[]): Promise<string> => {
    const file = await firstFile(folder, names, ctx);
    if (file === null) missing.push(names[0]!);
    return file ?? '';
  };
  const dual = (await ctx.files.exists(`${folder}/text_encoder_2`)) === 'folder';
  const files: { readonly name: string; readonly config: string; readonly weights: string | null }[] = [];
  if (exported.unet)
    for (const part of ['text_encoder', ...(dual ? ['text_encoder_2' as const] : []), 'vae_encoder', 'vae_decoder'] as const)
      if (!exported[part]) missing.push(`${part}/model.onnx`);
  for (const name of Object.keys(layouts)) {
    if (exported.unet || (name === 'text_encoder_2' && !dual)) continue;
    files.push({
      name,
      config: await need([`${name}/config.json`]),
      weights: name === 'vae' && vae ? null : await need(inPart(name)),
    });
  }
  const scheduler = await need(['scheduler/scheduler_config.json']);
  const tokenizers: Record<string, Components[string]> = {};
  for (const name of dual ? ['tokenizer', 'tokenizer_2'] : ['tokenizer']) {
    const [vocab, merges] = [await need([`${name}/vocab.json`]), await need([`${name}/merges.txt`])];
    if (missing.length > 0) continue;
    const config = `${folder}/${name}/tokenizer_config.json`;
    tokenizers[name] = {
      config: (await ctx.files.exists(config)) === 'file' ? { ...(await readJson(config, ctx)) } : {},
      weights: null,
      files: { 'vocab.json': await ctx.files.ref(vocab), 'merges.txt': await ctx.files.ref(merges) },
    };
  }
  if (missing.length > 0) throw err.MISSING(folder, 'a folder in the diffusers layout', missing);

  const problems: string[] = [];
  const index = `${folder}/model_index.json`;
  const components: Components = {
    ...tokenizers,
    ...(exported.unet && withConfigs(exported, dual)),
    scheduler: { config: { ...(await readJson(scheduler, ctx)) }, weights: null, files: {} },
    // says what an empty negative prompt stands for
    ...(dual &&
      (await ctx.files.exists(index)) === 'file' && {
        pipeline: { config: { ...(await readJson(index, ctx)) }, weights: null, files: {} },
      }),
  };
  await collect(problems, () => void parseNoiseSchedule(components['scheduler']!.config));
  for (const { name, config: configFile, weights } of files) {
    const config = { ...(await readJson(configFile, ctx)) };
    const ref = weights === null ? vae! : await ctx.files.ref(weights);
    await collect(problems, async () => {
      const file = await ctx.assets.file(ref);
      const { tensors } = await openTensorFile(file);
      if (weights === null) return void splitVaeFile(file, tensors);
      const { module, names = (same) => same } = layouts[name]!;
      checkWeights(module(config), names(tensors), { file: weights });
    });
    components[name] = { config, weights: ref, files: {} };
  }
  if (problems.length > 0) throw err.MODEL(folder, problems);
  return components;
}

/** Exports of the old script of diffusers have no configurations: those of the family stand for them. `vae` is only a configuration, the two halves are graphs. */
function withConfigs(exported: Awaited<ReturnType<typeof readExportFolder>>, dual: boolean): Components {
  const family = families[dual ? 'sdxl' : 'sd1'];
  const given = (part: Components[string], config: Json) => ({
    ...part,
    config: Object.keys(part.config).length > 0 ? part.config : { ...config },
  });
  const { unet, text_encoder, text_encoder_2, vae_encoder, vae_decoder } = exported as Components;
  const parts: Components = {
    unet: given(unet!, family.unet),
    text_encoder: given(text_encoder!, family.texts[0]!.config),
    ...(text_encoder_2 && { text_encoder_2: given(text_encoder_2, family.texts[1]!.config) }),
    vae: { config: given(vae_decoder!, family.vae).config, weights: null, files: {} },
    vae_encoder: vae_encoder!,
    vae_decoder: vae_decoder!,
  };
  parseUNetConfig(parts['unet']!.config);
  parseAutoencoderConfig(parts['vae']!.config);
  return parts;
}

/** Keeps going over components, so that everything wrong is told at once. */
async function collect(problems: string[], check: () => void | Promise<void>): Promise<void> {
  try {
    await check();
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  }
}
