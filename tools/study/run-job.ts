// One row of a table for one training seed: trains, draws, and says where model and pictures lie.
import type { Image, Model, Prompts } from '@facewright/core';
import { drawGroup, groupsOf, keyedSeed, openDiffusion, type DiffusionModel } from '@facewright/pipelines';
import { jobGraph } from './job-graph.ts';
import type { StudyData } from './study-data.ts';
import type { Job } from './study-jobs.ts';

export interface JobResult {
  readonly model: Model<'diffusion'>;
  readonly images: readonly Image[];
  readonly seconds: number;
}

/** Kept in the data folder, so that a job is done once. */
export function runJob(data: StudyData, { size, variant, seed, set }: Job): Promise<JobResult> {
  const graph = jobGraph(size, variant, seed, set);
  const { drawsFrom } = variant;
  return data.kept(`${set}-${variant.name}-${seed}`, [graph.nodes, graph.links, drawsFrom ?? null], async () => {
    const began = performance.now();
    const outputs = await data.run(graph, drawsFrom === undefined ? ['pictures'] : ['trainer', 'prompts']);
    const base = outputs.get('diffusion')!['model'] as Model<'diffusion'>;
    const model = (outputs.get('trainer')?.['model'] ?? base) as Model<'diffusion'>;
    const images =
      drawsFrom === undefined
        ? (outputs.get('pictures')!['images'] as readonly Image[])
        : await mixedPictures(
            data,
            { base, tuned: model, drawsFrom },
            outputs.get('prompts')!['prompts'] as Prompts,
            graph.nodes['pictures']!.values,
          );
    return { model, images, seconds: (performance.now() - began) / 1000 };
  });
}

/** As the sampler node draws, but with the tuned model at timesteps from `drawsFrom` on only. */
async function mixedPictures(
  { context }: StudyData,
  models: { readonly base: Model<'diffusion'>; readonly tuned: Model<'diffusion'>; readonly drawsFrom: number },
  { prompts }: Prompts,
  values: Readonly<Record<string, unknown>>,
): Promise<Image[]> {
  const { seed, batch, guidance } = values as { readonly seed: number; readonly batch: number; readonly guidance: number };
  const open = (handle: Model<'diffusion'>) => openDiffusion(handle, context, { batch: 2 * batch });
  const [base, tuned] = [await open(models.base), await open(models.tuned)];
  const model: DiffusionModel = {
    ...base,
    predict: (request) => (Number(request.timestep) >= models.drawsFrom ? tuned : base).predict(request),
  };
  const settings = {
    negativePrompt: '',
    steps: 25,
    guidance,
    guidanceRescale: 0,
    scheduler: 'ddim',
    sigmas: 'default',
    clipSkip: 1,
  } as const;
  const side = model.unet.sampleSize;
  const images: Image[] = [];
  for (const group of groupsOf(prompts, batch, () => 'one size')) {
    const rows = group.map(({ key, text }) => ({ text, rng: context.rng(keyedSeed(seed, key)) }));
    const pictures = await drawGroup({ model, settings, rows, size: [side, side], onStep: async () => undefined });
    for (const [i, { key, text }] of group.entries())
      images.push(await context.images.write(pictures[i]!, { key: `${key}#${seed}`, caption: text }));
  }
  return images;
}
