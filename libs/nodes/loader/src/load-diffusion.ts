// Load diffusion model: the work of the node.
import type { Model, NodeContext, NodeRun } from '@facewright/core';
import {
  AutoencoderKL,
  checkWeights,
  ClipText,
  parseAutoencoderConfig,
  parseClipTextConfig,
  parseNoiseSchedule,
  parseUNetConfig,
  sd15AutoencoderConfig,
  sd15ClipTextConfig,
  sd15SchedulerConfig,
  sd15UNetConfig,
  splitSingleFile,
  UNet2DCondition,
  type Json,
  type Module,
} from '@facewright/models';
import { readSafetensorsHeader } from '@facewright/weights';
import { basename } from 'node:path';
import type { loadDiffusion } from './definition.ts';
import { err } from './errors.ts';
import { firstFile, readJson } from './read-json.ts';

type Components = Model['components'];

/**
 * Throws LOADER_NOT_FOUND, LOADER_KIND, LOADER_MISSING with every absent file, LOADER_JSON, and LOADER_MODEL with every value of the configurations that is not
 * supported and every parameter that is missing, unexpected or misshapen, by the names of the file; WEIGHTS_* for a damaged file.
 */
export const run: NodeRun<typeof loadDiffusion> = async ({ path, tokenizer }, ctx) => {
  const place = path.replace(/[/\\]+$/, '');
  const found = await ctx.files.exists(place);
  const want = 'a folder in the diffusers layout or a .safetensors file';
  if (found === null) throw err.NOT_FOUND(path, want);
  if (found === 'file' && !place.endsWith('.safetensors')) throw err.KIND(path, want, 'a file of another kind');
  const components = found === 'folder' ? await fromFolder(place, ctx) : await fromSingleFile(place, tokenizer, ctx);
  return {
    model: {
      family: 'diffusion',
      architecture: 'stable-diffusion',
      name: basename(place).replace(/\.safetensors$/, ''),
      components,
      loras: [],
    },
  };
};

const parts = {
  unet: {
    weights: ['diffusion_pytorch_model.safetensors', 'diffusion_pytorch_model.fp16.safetensors'],
    module: (config: Json): Module => new UNet2DCondition(parseUNetConfig(config)),
  },
  vae: {
    weights: ['diffusion_pytorch_model.safetensors', 'diffusion_pytorch_model.fp16.safetensors'],
    module: (config: Json): Module => new AutoencoderKL(parseAutoencoderConfig(config)),
  },
  text_encoder: {
    weights: ['model.safetensors', 'model.fp16.safetensors'],
    module: (config: Json): Module => new ClipText(parseClipTextConfig(config)),
  },
} as const;

async function fromFolder(folder: string, ctx: NodeContext): Promise<Components> {
  const missing: string[] = [];
  const need = async (names: readonly string[]): Promise<string> => {
    const file = await firstFile(folder, names, ctx);
    if (file === null) missing.push(names[0]!);
    return file ?? '';
  };
  const files: { name: keyof typeof parts; config: string; weights: string }[] = [];
  for (const [name, { weights }] of Object.entries(parts)) {
    files.push({
      name: name as keyof typeof parts,
      config: await need([`${name}/config.json`]),
      weights: await need(weights.map((file) => `${name}/${file}`)),
    });
  }
  const scheduler = await need(['scheduler/scheduler_config.json']);
  const words = await vocabularyOf(folder, 'tokenizer/', need);
  if (missing.length > 0) throw err.MISSING(folder, 'a folder in the diffusers layout', missing);

  const problems: string[] = [];
  const components: Components = {
    tokenizer: await tokenizerOf(words, ctx),
    scheduler: { config: { ...(await readJson(scheduler, ctx)) }, weights: null, files: {} },
  };
  await collect(problems, () => void parseNoiseSchedule(components['scheduler']!.config));
  for (const { name, config: configFile, weights } of files) {
    const config = { ...(await readJson(configFile, ctx)) };
    const ref = await ctx.files.ref(weights);
    await collect(problems, async () =>
      checkWeights(parts[name].module(config), (await readSafetensorsHeader(await ctx.assets.file(ref))).tensors, { file: weights }),
    );
    components[name] = { config, weights: ref, files: {} };
  }
  if (problems.length > 0) throw err.MODEL(folder, problems);
  return components;
}

/** Keeps going over components, so that everything wrong is told at once. */
async function collect(problems: string[], check: () => void | Promise<void>): Promise<void> {
  try {
    await check();
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  }
}

async function fromSingleFile(file: string, tokenizer: string | undefined, ctx: NodeContext): Promise<Components> {
  if (tokenizer === undefined)
    throw err.KIND('tokenizer', 'the folder of a CLIP vocabulary beside a single file, which has none inside', 'nothing');
  const missing: string[] = [];
  const words = await vocabularyOf(tokenizer, '', async (names) => {
    const found = await firstFile(tokenizer, names, ctx);
    if (found === null) missing.push(names[0]!);
    return found ?? '';
  });
  if (missing.length > 0) throw err.MISSING(tokenizer, 'the vocabulary of CLIP', missing);
  const weights = await ctx.files.ref(file);
  const { unet } = splitSingleFile(file, (await readSafetensorsHeader(await ctx.assets.file(weights))).tensors);
  return {
    unet: { config: { ...sd15UNetConfig, in_channels: unet.config.inChannels }, weights, files: {} },
    vae: { config: { ...sd15AutoencoderConfig }, weights, files: {} },
    text_encoder: { config: { ...sd15ClipTextConfig }, weights, files: {} },
    scheduler: { config: { ...sd15SchedulerConfig }, weights: null, files: {} },
    tokenizer: await tokenizerOf(words, ctx),
  };
}

interface Vocabulary {
  readonly vocab: string;
  readonly merges: string;
  readonly config: string | null;
}
async function vocabularyOf(folder: string, prefix: string, need: (names: readonly string[]) => Promise<string>): Promise<Vocabulary> {
  return {
    vocab: await need([`${prefix}vocab.json`]),
    merges: await need([`${prefix}merges.txt`]),
    config: `${folder}/${prefix}tokenizer_config.json`,
  };
}
async function tokenizerOf({ vocab, merges, config }: Vocabulary, ctx: NodeContext): Promise<Components[string]> {
  const settings = config !== null && (await ctx.files.exists(config)) === 'file' ? await readJson(config, ctx) : {};
  return {
    config: { ...settings },
    weights: null,
    files: { 'vocab.json': await ctx.files.ref(vocab), 'merges.txt': await ctx.files.ref(merges) },
  };
}
