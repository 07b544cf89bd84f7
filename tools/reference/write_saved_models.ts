// Saves tiny models with the save nodes, and what they predict, for saved_models.py to open in diffusers: node tools/reference/write_saved_models.ts FOLDER
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Model } from '@facewright/core';
import { ClipText, lowRankShapes, parseClipTextConfig, parseUNetConfig, UNet2DCondition, type Module } from '@facewright/models';
import { nodes } from '@facewright/node-save-model';
import { openDiffusion } from '@facewright/pipelines';
import { tinyHandles, writeTinyModels, type TinyKind } from '@facewright/pipelines/testing';
import { createRuntime } from '@facewright/runtime';
import { createFakeContext } from '@facewright/testing';
import { createRng, float32, sizeOf, type Shape, type Tensor } from '@facewright/tensor';
import { loraContent, safetensorsBytes, writeSafetensors, type LoraTensors } from '@facewright/weights';

const folder = resolve(process.argv[2]!);
const runtime = await createRuntime({ provider: 'cpu' });
const ctx = createFakeContext({ openSession: runtime.open });
const save = async (type: string, inputs: Readonly<Record<string, unknown>>) => {
  const { run } = await nodes.find(({ definition }) => definition.type === `facewright/${type}`)!.load();
  await run(inputs, ctx);
};
const rng = createRng(5);
const normal = (shape: Shape): Tensor<'float32'> =>
  float32(
    shape,
    rng.normal(sizeOf(shape)).map((value) => value * 0.2),
  );
/** Factors for the weights that match. All of one rank and alpha: diffusers loses the alpha of single layers of kohya files, whose trainer knows but one for linear layers. */
const factors = (module: Module, targets: RegExp, alpha: number): Map<string, LoraTensors> =>
  new Map(
    [...module.parameters()]
      .filter(([name]) => targets.test(name))
      .map(([name, parameter]) => {
        const { down, up } = lowRankShapes(parameter, 2);
        return [name, { down: normal(down), up: normal(up), alpha }];
      }),
  );
async function withLora(diffusion: Model<'diffusion'>, targets: RegExp, text: RegExp): Promise<Model<'diffusion'>> {
  const encoder = (part: string) => {
    const config = diffusion.components[part]?.config;
    return config ? factors(new ClipText(parseClipTextConfig(config)), text, 3) : new Map<string, LoraTensors>();
  };
  const { tensors, metadata } = loraContent({
    unet: factors(new UNet2DCondition(parseUNetConfig(diffusion.components['unet']!.config)), targets, 3),
    text_encoder: encoder('text_encoder'),
    text_encoder_2: encoder('text_encoder_2'),
  });
  const weights = { asset: await ctx.assets.write(safetensorsBytes(tensors, metadata), 'application/x-safetensors') };
  return { ...diffusion, loras: [{ name: 'trained', weights, strength: 1 }] };
}

const latents = normal([1, 4, 4, 4]);
const results = new Map<string, Tensor>([['latents', latents]]);
async function predict(name: string, model: Model<'diffusion'>): Promise<void> {
  const opened = await openDiffusion(model, ctx, { batch: 1 });
  const conditioning = await opened.encodePrompts(['a face']);
  results.set(name, await opened.predict({ latents, timestep: 500, conditioning }));
}

for (const kind of ['sd1', 'sd2', 'sdxl'] as const satisfies readonly TinyKind[]) {
  const place = join(folder, kind);
  await writeTinyModels(join(place, 'base'), { kind });
  const { diffusion } = await tinyHandles(join(place, 'base'), ctx);
  const linear = /(to_q|to_out\.0|proj_in|ff\.net\.2)\.weight$/;
  // diffusers maps sd-scripts' names of SDXL to its own for attention alone
  const targets = kind === 'sdxl' ? linear : new RegExp(`${linear.source}|(conv1|conv2)\\.weight$`);
  const model = await withLora(diffusion, targets, /(q_proj|fc1)\.weight$/);
  // of kohya files diffusers 0.35 takes these layers of a text encoder, and leaves out its attention
  const kohya = await withLora(diffusion, targets, /fc[12]\.weight$/);
  await predict(`${kind}.base`, diffusion);
  await predict(`${kind}.diffusers`, model);
  await predict(`${kind}.kohya`, kohya);
  await save('save-lora', { model, name: `${kind}/diffusers`, naming: 'diffusers', precision: 'as it is' });
  await save('save-lora', { model: kohya, name: `${kind}/kohya`, naming: 'kohya', precision: 'as it is' });
  const unet = { ...model, loras: [{ ...model.loras[0]!, textStrength: 0 }] };
  await predict(`${kind}.merged`, model);
  await predict(`${kind}.unet`, unet);
  await save('save-diffusion', { model, name: `${kind}/merged`, format: 'checkpoint', precision: 'as it is' });
  await save('save-diffusion', { model, name: `${kind}/merged`, format: 'diffusers U-Net', precision: 'as it is' });
}
for (const [name, bytes] of ctx.written) {
  await mkdir(join(folder, name, '..'), { recursive: true });
  await writeFile(join(folder, name), bytes);
}
await writeSafetensors(join(folder, 'results.safetensors'), results);
await ctx.close();
await runtime.dispose();
