// What people meet when something is wrong: whole graphs of the built-in nodes over models that are damaged, do not belong together, or fail on the way.
import { existsSync } from 'node:fs';
import { copyFile, cp, mkdir, mkdtemp, open, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCatalogue, type Graph, type RunEventBody } from '@facewright/core';
import { executeRun, type EngineHost } from '@facewright/engine';
import { nodes as imageFolder } from '@facewright/node-image-folder';
import { nodes as inpaint } from '@facewright/node-inpaint';
import { nodes as loader } from '@facewright/node-loader';
import { nodes as prompts } from '@facewright/node-prompts';
import { nodes as sampler } from '@facewright/node-sampler';
import { nodes as saveImage } from '@facewright/node-save-image';
import { writeTinyModels } from '@facewright/pipelines/testing';
import { createRuntime } from '@facewright/runtime';
import { readSafetensorsHeader, readTensors, writeSafetensors } from '@facewright/weights';
import * as ort from 'onnxruntime-node';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { openDataFolder, PROJECT_FOLDER, type DataFolder } from './data/data-folder.ts';
import { err } from './errors.ts';
import { createLocalHost } from './local-host.ts';

const runtime = await createRuntime({ provider: 'cpu' });
const catalogue = createCatalogue([...loader, ...prompts, ...imageFolder, ...sampler, ...inpaint, ...saveImage]);
let folder: string, data: DataFolder;
const at = (...names: string[]) => join(folder, ...names);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'faults-spec-'));
  data = openDataFolder(at('data'), []);
  await writeTinyModels(at('tiny'));
  await writeTinyModels(at('xl'), { kind: 'sdxl' });
  await writeTinyModels(at('xl-inpainting'), { kind: 'sdxl', inChannels: 9 });
  await writePicture('pictures/cat', 16);
  await writePicture('masks/cat', 16, true);
  await writePicture('small-masks/cat', 12, true);
});
afterAll(async () => {
  await runtime.dispose();
  data.close();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});
afterEach(() => vi.restoreAllMocks());

/** A picture of a few colours, or a mask whose right half is white. */
async function writePicture(name: string, side: number, mask = false): Promise<void> {
  const pixels = Uint8Array.from({ length: side * side * 3 }, (_, i) =>
    mask ? (Math.floor(i / 3) % side >= side / 2 ? 255 : 0) : (i * 29) % 256,
  );
  await mkdir(at(name, '..'), { recursive: true });
  await sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
    .png()
    .toFile(at(`${name}.png`));
}

type Values = Readonly<Record<string, unknown>>;
type Nodes = Readonly<Record<string, readonly [type: string, values: Values, links?: Readonly<Record<string, string>>]>>;
/** Links as 'node.output' by input; versions are those of the catalogue. */
const graphOf = (nodes: Nodes): Graph => ({
  facewright: 1,
  name: 'fault',
  description: '',
  groups: [],
  nodes: Object.fromEntries(
    Object.entries(nodes).map(([id, [type, values]]) => {
      const full = `facewright/${type}`;
      return [id, { type: full, version: catalogue.get(full)!.definition.version, values }];
    }),
  ),
  links: Object.entries(nodes).flatMap(([id, [, , links = {}]]) =>
    Object.entries(links).map(([port, from]) => ({ from: from.split('.') as [string, string], to: [id, port] as [string, string] })),
  ),
});
const quick = { steps: 3, guidance: 2, previewSteps: 0 };
/** Load, prompts, draw and save. */
const drawing = (
  values: Values = {},
  {
    path = at('tiny'),
    text = 'a face',
    more = {},
    model = 'load.model',
  }: { path?: string; text?: string; more?: Nodes; model?: string } = {},
) =>
  graphOf({
    load: ['load-diffusion', { path }],
    prompts: ['prompts', { text }],
    ...more,
    draw: ['sampler', { ...quick, ...values }, { model, prompts: 'prompts.prompts' }],
    save: ['save-image', {}, { images: 'draw.images' }],
  });
const lora = (path: string): Nodes => ({ lora: ['load-lora', { path }, { model: 'load.model' }] });

interface Ended {
  readonly problem: { readonly code: string; readonly message: string; readonly node?: string } | null;
  readonly events: readonly RunEventBody[];
  /** Files that the run left. */
  readonly files: readonly string[];
}
let runs = 0;
async function run(graph: Graph, change: (host: EngineHost) => EngineHost = (host) => host): Promise<Ended> {
  const outputFolder = at('out', String(runs++));
  const events: RunEventBody[] = [];
  await executeRun({
    graph,
    catalogue,
    cache: data.cache,
    history: data.history,
    host: change(createLocalHost({ data, runtime, outputFolder })),
    provider: runtime.provider,
    signal: new AbortController().signal,
    emit: (event) => events.push(event),
  });
  const last = events.at(-1)!;
  return {
    problem: last.type === 'run_failed' ? (last.problems[0] as Ended['problem']) : null,
    events,
    files: existsSync(outputFolder) ? await readdir(outputFolder, { recursive: true }) : [],
  };
}
/** The run fails with this code, names all of `words`, and leaves nothing; the one after it is fine. */
async function fails(graph: Graph, code: string, ...words: string[]): Promise<void> {
  const { problem, files } = await run(graph);
  expect(problem).toMatchObject({ code });
  for (const word of words) expect(problem!.message).toContain(word);
  expect(files).toEqual([]);
  // drawn anew
  const seed = 1000 + runs;
  expect(await run(drawing({ seed }))).toMatchObject({ problem: null, files: [`picture-line-1-${seed}.png`] });
}
const warnings = ({ events }: Ended) =>
  events.flatMap((event) => (event.type === 'node_log' && event.level === 'warn' ? [event.message] : []));

const unetFile = 'unet/diffusion_pytorch_model.safetensors';
async function damaged(name: string, damage: (file: string) => Promise<void>): Promise<string> {
  await cp(at('tiny'), at(name), { recursive: true });
  await damage(at(name, unetFile));
  return at(name);
}
async function flip(file: string, byte: number): Promise<void> {
  const handle = await open(file, 'r+');
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, byte);
  await handle.write(Buffer.of(buffer[0]! ^ 0xff), 0, 1, byte);
  await handle.close();
}

describe('a damaged file of weights', () => {
  it('that was cut short is named, with what is missing', async () => {
    const early = await damaged('cut-early', async (file) => truncate(file, 20_000));
    await fails(drawing({}, { path: early }), 'LOADER_MODEL', join(early, unetFile), 'header length');
    const late = await damaged('cut-late', async (file) => truncate(file, (await stat(file)).size - 1000));
    await fails(drawing({}, { path: late }), 'LOADER_MODEL', join(late, unetFile), 'conv_out.weight: expected data within the');
  });
  it('whose header has flipped bits is named', async () => {
    for (const byte of [6, 8, 300]) {
      const path = await damaged(`flipped-${byte}`, (file) => flip(file, byte));
      await fails(drawing({}, { path }), 'LOADER_MODEL', join(path, unetFile));
    }
  });
  it('whose numbers are none makes no black picture: the step is named', async () => {
    const path = await damaged('infinite', async (file) => {
      const tensors = await readTensors((await readSafetensorsHeader(file)).tensors);
      (tensors.get('conv_out.bias')!.data as Float32Array).fill(Infinity);
      await writeSafetensors(file, tensors);
    });
    await fails(drawing({}, { path }), 'PIPELINES_NOT_FINITE', 'infinite: expected finite numbers from the U-Net at step 1 of 3');
  });
  it('of PyTorch that was cut short or has flipped bits is named', async () => {
    const whole = join(PROJECT_FOLDER, 'libs/weights/src/fixtures/torch/lightning.ckpt');
    const { length } = await readFile(whole);
    await copyFile(whole, at('cut.ckpt'));
    await truncate(at('cut.ckpt'), length - 100);
    await fails(drawing({}, { path: at('cut.ckpt') }), 'WEIGHTS_TORCH', at('cut.ckpt'));
    await copyFile(whole, at('flipped.ckpt'));
    // in the pickle, which the archive begins with
    await flip(at('flipped.ckpt'), 120);
    await fails(drawing({}, { path: at('flipped.ckpt') }), 'WEIGHTS_TORCH', at('flipped.ckpt'));
  });
  it('of PyTorch that asks for a command to be run is refused, and nothing is run', async () => {
    for (const name of ['malicious.pt', 'malicious-legacy.pt']) {
      const path = join(PROJECT_FOLDER, 'libs/weights/src/fixtures/torch', name);
      await fails(drawing({}, { path }), 'WEIGHTS_PICKLE', path, 'system', 'nothing was run');
    }
  });
  it('that is a web page is said to be none', async () => {
    await writeFile(at('page.safetensors'), '<!doctype html><title>Sign in</title>'.padEnd(400));
    await fails(
      drawing({}, { path: at('page.safetensors') }),
      'WEIGHTS_FORMAT',
      at('page.safetensors'),
      'text that begins with "<!doctype html><"',
    );
  });
});

describe('files that do not belong together', () => {
  it('a LoRA of another kind of model is refused by its layers', async () => {
    const factors = (layer: string, inputs: number, outputs: number) =>
      new Map([
        [`${layer}.lora_down.weight`, { dtype: 'float32' as const, dims: [2, inputs], data: new Float32Array(2 * inputs) }],
        [`${layer}.lora_up.weight`, { dtype: 'float32' as const, dims: [outputs, 2], data: new Float32Array(2 * outputs) }],
      ]);
    const attention = 'attentions_0_transformer_blocks_0_attn2_to_k';
    await writeSafetensors(at('sd1.safetensors'), factors(`lora_unet_down_blocks_0_${attention}`, 8, 8));
    await writeSafetensors(at('xl.safetensors'), factors(`lora_unet_input_blocks_3_1_transformer_blocks_1_attn2_to_k`, 24, 16));
    const with_ = (path: string, file: string) => drawing({}, { path, more: lora(at(file)), model: 'lora.model' });
    await fails(
      with_(at('tiny'), 'xl.safetensors'),
      'WEIGHTS_LORA',
      at('xl.safetensors'),
      'another model: its text features have width 24, those of this model 8',
      'input_blocks_3_1',
    );
    await fails(
      with_(at('xl'), 'sd1.safetensors'),
      'WEIGHTS_LORA',
      at('sd1.safetensors'),
      'width 8, those of this model 24',
      `down_blocks_0_${attention}`,
    );
    expect(await run(with_(at('tiny'), 'sd1.safetensors'))).toMatchObject({ problem: null });
  });
  it('a checkpoint where a LoRA is wanted, and a LoRA where a checkpoint is wanted', async () => {
    await fails(
      drawing({}, { more: lora(at('tiny', unetFile)), model: 'lora.model' }),
      'WEIGHTS_LORA',
      at('tiny', unetFile),
      'conv_in.weight: expected the name of a LoRA factor',
    );
    await fails(drawing({}, { path: at('sd1.safetensors') }), 'MODELS_INPUT', at('sd1.safetensors'), 'LoRA');
  });
  it('a mask of another size than its picture', async () => {
    const graph = (masks: string) =>
      graphOf({
        load: ['load-diffusion', { path: at('tiny') }],
        pictures: ['image-folder', { folder: at('pictures') }],
        masks: ['image-folder', { folder: at(masks) }],
        paint: ['inpaint-mask', { ...quick, prompt: 'a face' }, { model: 'load.model', images: 'pictures.images', masks: 'masks.images' }],
        save: ['save-image', {}, { images: 'paint.images' }],
      });
    await fails(graph('small-masks'), 'INPAINT_MASKS', 'cat.png: expected a mask of 16x16 pixels, got 12x12');
    expect(await run(graph('masks'))).toMatchObject({ problem: null });
  });
});

describe('settings that cannot be', () => {
  it.each<[string, Values, string, string]>([
    ['a width between two latents', { width: 18 }, 'SAMPLER_SIZE', 'width: expected a multiple of 4 pixels for this model, got 18'],
    ['no step', { steps: 0 }, 'CORE_BAD_VALUE', 'steps'],
    ['Karras sigmas for a sampler without sigmas', { sigmas: 'karras' }, 'MODELS_INPUT', 'sigmas of sampler ddim: expected default'],
    ['a sampler that there is not', { scheduler: 'eulr' }, 'CORE_BAD_VALUE', 'eulr'],
    [
      'more layers skipped than there are',
      { clipSkip: 12 },
      'PIPELINES_CLIP_SKIP',
      'clipSkip: expected at most 1, as the text encoder of tiny has so many layers to choose from, got 12',
    ],
  ])('%s', async (_, values, code, words) => fails(drawing(values), code, words));
  it('no strength gives what the autoencoder makes of the picture, whatever prompt and seed say', async () => {
    const drawn = async (strength: number, seed: number, prompt: string) => {
      const { problem } = await run(
        graphOf({
          load: ['load-diffusion', { path: at('tiny') }],
          pictures: ['image-folder', { folder: at('pictures') }],
          draw: ['image-to-image', { ...quick, strength, seed, prompt }, { model: 'load.model', images: 'pictures.images' }],
          save: ['save-image', {}, { images: 'draw.images' }],
        }),
      );
      expect(problem).toBeNull();
      return sharp(at('out', String(runs - 1), 'picture-cat.png'))
        .raw()
        .toBuffer();
    };
    const nothing = await drawn(0, 1, 'a man');
    expect(await drawn(0, 2, 'a face')).toEqual(nothing);
    expect(await drawn(0.7, 2, 'a face')).not.toEqual(nothing);
  });
});

describe('prompts', () => {
  it('may be empty in the sampler, and the list must not', async () => {
    await fails(drawing({}, { text: ' \n' }), 'PROMPTS_EMPTY');
    expect(await run(drawing({ negativePrompt: '' }, { text: '()' }))).toMatchObject({ problem: null });
  });
  it('may have ten thousand characters', async () => {
    expect(await run(drawing({ steps: 1 }, { text: 'a face of a woman '.repeat(560).slice(0, 10_000) }))).toMatchObject({ problem: null });
  });
  it('that name a textual inversion that is not there go on without it, and say so', async () => {
    const ended = await run(drawing({}, { text: 'a face, embedding:nowhere' }));
    expect(ended.problem).toBeNull();
    expect(warnings(ended).join()).toContain('left out of prompts: embedding:nowhere');
  });
});

describe('on the way', () => {
  it('memory that ends in the middle of a step: the run fails by name, and the next one works', async () => {
    let calls = 0;
    const { create } = ort.InferenceSession;
    vi.spyOn(ort.InferenceSession, 'create').mockImplementation(async (...given: unknown[]) => {
      const session = await (create as (...args: unknown[]) => Promise<ort.InferenceSession>)(...given);
      const real = session.run.bind(session);
      if (session.inputNames.includes('timestep'))
        session.run = async (...args: unknown[]) => {
          if (++calls >= 2) throw new Error('Non-zero status code returned while running Conv node: std::bad_alloc');
          return (real as (...all: unknown[]) => ReturnType<typeof session.run>)(...args);
        };
      return session;
    });
    await runtime.dispose();
    const { problem, files } = await run(drawing({ seed: 77 }));
    expect(problem).toMatchObject({ code: 'RUNTIME_MEMORY', node: 'draw' });
    expect(problem!.message).toContain('unet of diffusion_pytorch_model.safetensors');
    // once more after everything else was closed
    expect([calls, files]).toEqual([3, []]);
    vi.restoreAllMocks();
    expect(await run(drawing({ seed: 77 }))).toMatchObject({ problem: null });
  });
  it('a disk that is full while the second picture is saved: the first is whole, of the second nothing is left', async () => {
    const graph = drawing({ imagesPerPrompt: 2, seed: 5 });
    let written = 0;
    const { problem, files } = await run(graph, (host) => ({
      ...host,
      openNode: (...given) => {
        const node = host.openNode(...given);
        return {
          ...node,
          files: {
            ...node.files,
            write: async (name, bytes) => {
              if (++written === 2) throw err.DISK_FULL(name);
              return node.files.write(name, bytes);
            },
          },
        };
      },
    }));
    expect(problem).toMatchObject({ code: 'SERVER_DISK_FULL', node: 'save' });
    expect(files).toEqual(['picture-line-1-5.png']);
    // the pictures are drawn, and are kept
    const again = await run(graph);
    expect(again.files).toHaveLength(2);
    expect(again.events.filter(({ type }) => type === 'node_started')).toHaveLength(1);
  });
});

describe('Stable Diffusion XL', () => {
  it.each(['xl', 'xl-inpainting'])('repaints what is marked and nothing else: %s', async (name) => {
    const ended = await run(
      graphOf({
        load: ['load-diffusion', { path: at(name) }],
        pictures: ['image-folder', { folder: at('pictures') }],
        masks: ['image-folder', { folder: at('masks') }],
        paint: ['inpaint-mask', { ...quick, prompt: 'a face' }, { model: 'load.model', images: 'pictures.images', masks: 'masks.images' }],
        save: ['save-image', {}, { images: 'paint.images' }],
      }),
    );
    expect(ended).toMatchObject({ problem: null, files: ['picture-cat.png'] });
    const pixels = async (file: string) => [...(await sharp(file).removeAlpha().raw().toBuffer())];
    const [before, after] = [await pixels(at('pictures/cat.png')), await pixels(at('out', String(runs - 1), 'picture-cat.png'))];
    const changed = before.flatMap((value, i) => (value === after[i] ? [] : [Math.floor(i / 3) % 16]));
    expect(Math.min(...changed)).toBe(8);
    expect(changed.length).toBeGreaterThan(200);
  });
  it('draws over pictures', async () => {
    const graph = graphOf({
      load: ['load-diffusion', { path: at('xl') }],
      pictures: ['image-folder', { folder: at('pictures') }],
      draw: ['image-to-image', { ...quick, prompt: 'a face', scheduler: 'euler' }, { model: 'load.model', images: 'pictures.images' }],
      save: ['save-image', {}, { images: 'draw.images' }],
    });
    expect(await run(graph)).toMatchObject({ problem: null, files: ['picture-cat.png'] });
  });
  it('that only repaints draws nothing new', async () => {
    await fails(drawing({}, { path: at('xl-inpainting') }), 'SAMPLER_CHANNELS', 'expected a U-Net with 4 input channels, got 9');
  });
});
