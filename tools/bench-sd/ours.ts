// The parts of diffusers_bench.py in Facewright: seconds of each.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { conditioningRows, drawGroup, type Conditioning, type DiffusionModel } from '@facewright/pipelines';
import { createRng, float32, sizeOf, type Shape } from '@facewright/tensor';
import { profileSessions } from './operator-profile.ts';
import { openModel, openStudio } from './pipeline.ts';
import { parts, type PartName, type Settings } from './settings.ts';
import { answer } from './side.ts';

const settings = JSON.parse(process.argv[2]!) as Settings;
const { path, size, steps, prompt, negative, guidance } = settings;
const folder = await mkdtemp(join(tmpdir(), 'facewright-bench-'));
const studio = await openStudio(join(folder, 'data'), settings.provider);

const handle = () => studio.load('facewright/load-diffusion', { path, vae: undefined, prediction: 'auto' });
const timed = async (work: () => Promise<unknown>) => {
  const begun = performance.now();
  await work();
  return { seconds: (performance.now() - begun) / 1000 };
};

/** What is timed, over inputs that are drawn here. */
function partsOf(model: DiffusionModel): Readonly<Record<PartName, () => Promise<unknown>>> {
  const rng = createRng(1);
  const normal = (dims: Shape) => float32(dims, rng.normal(sizeOf(dims)));
  const latents = normal([1, model.vae.latentChannels, size / model.stride, size / model.stride]);
  const pixels = normal([1, 3, size, size]);
  const clamped = { ...pixels, data: pixels.data.map((value) => Math.max(-1, Math.min(1, value))) };
  let encoded: Conditioning | undefined;
  const text = async () => (encoded = await model.encodePrompts([negative, prompt]));
  return {
    text,
    async unet() {
      const texts = encoded ?? (await text());
      await model.predict({
        latents,
        timestep: 500,
        conditioning: conditioningRows(texts, [1]),
        unconditional: conditioningRows(texts, [0]),
        guidance,
      });
    },
    decode: () => model.decodeLatents(latents),
    encode: () => model.encodePixels(clamped),
  };
}

let open: ReturnType<typeof partsOf> | undefined;
/** Reads and checks the file: from here on the model takes prompts. */
async function openPipeline(): Promise<void> {
  open = partsOf(await openModel(await handle(), studio.ctx));
}
/** Opens every session that drawing takes, which the first prompt would, and computes nothing. */
async function build(): Promise<void> {
  const dry = partsOf(await openModel(await handle(), studio.dry));
  for (const name of ['text', 'unet', 'decode'] as const) await dry[name]();
}

async function picture(): Promise<void> {
  const model = await openModel(await handle(), studio.ctx);
  const [image] = await drawGroup({
    model,
    settings: {
      steps,
      guidance,
      guidanceRescale: 0,
      negativePrompt: negative,
      scheduler: 'ddim',
      sigmas: 'default',
      clipSkip: 1,
    },
    rows: [{ text: prompt, rng: studio.ctx.rng(1) }],
    size: [size / model.stride, size / model.stride],
    onStep: async () => {},
  });
  await studio.ctx.images.write(image!, { key: 'bench', caption: prompt });
}

async function profile() {
  const profiled = profileSessions(folder);
  const of = partsOf(await openModel(await handle(), studio.ctx));
  const shares: Partial<Record<PartName, unknown>> = {};
  for (const name of parts)
    shares[name] = await profiled(async () => {
      // the first run reads the weights
      await of[name]();
      await of[name]();
    });
  return shares;
}

await answer({
  about: async () => ({ device: studio.runtime.description, precision: 'float32', versions: {} }),
  open: () => timed(openPipeline),
  build: () => timed(build),
  part: ({ name }) => timed(open![name as PartName]),
  picture: () => timed(picture),
  profile,
});
await studio.close();
await rm(folder, { recursive: true, force: true });
