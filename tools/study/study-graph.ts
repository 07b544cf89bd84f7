// The study as a graph: one set of pairs and one scorer; for every variant and training seed a trainer, a sampler and an Evaluator.
import type { Graph } from '@facewright/core';

export interface Variant {
  readonly name: string;
  readonly label: string;
  /** Values of the GuidanceLossTrainer that differ from its defaults. */
  readonly values: Readonly<Record<string, unknown>>;
}
/** The rival of every other variant: plain fine-tuning on the good pictures, with the same steps and seed. */
export const plain: Variant = { name: 'plain', label: 'Plain fine-tuning', values: { guidanceWeight: 0, diffusionWeight: 1 } };
export const variants: readonly Variant[] = [
  plain,
  { name: 'guided', label: 'Guidance, t ≥ 400, + diffusion', values: {} },
  { name: 'guided-light', label: 'Guidance × 0.3, t ≥ 600, + diffusion', values: { guidanceWeight: 0.3, tMin: 600 } },
  { name: 'as-written', label: 'Guidance alone, all t, unweighted', values: { diffusionWeight: 0, tMin: 0, snrWeighting: 'none' } },
];

export interface StudySize {
  readonly model: string;
  readonly pairs: number;
  readonly prompts: number;
  readonly real: number;
  readonly steps: number;
}

export const trainerOf = (variant: Variant, seed: number): string => `${variant.name}-${seed}`;
export const reportOf = (variant: Variant, seed: number): string => `${variant.name}-${seed}-report`;

/** Pictures for pairs, for reference and prompts come from three seeds, so that nothing that is measured was trained on. */
export function studyGraph(
  { model, pairs, prompts, real, steps }: StudySize,
  variants: readonly Variant[],
  seeds: readonly number[],
  heldOutSeed = 222,
): Graph {
  const nodes: Graph['nodes'] = {};
  const links: Graph['links'] = [];
  const add = (id: string, type: string, values: Record<string, unknown>, inputs: Record<string, readonly [string, string]> = {}) => {
    nodes[id] = { type: `facewright/${type}`, version: 1, values };
    for (const [port, [node, output]] of Object.entries(inputs)) links.push({ from: [node, output], to: [id, port] });
  };
  add('diffusion', 'load-diffusion', { path: model });
  add('scorer', 'load-face-score', { path: model });
  add('detector', 'load-face-detector', { path: model });
  add('features', 'load-features', { path: model });
  add('good', 'toy-faces', { count: pairs, promptCount: 0, seed: 11 });
  add('held-out', 'toy-faces', { count: real, promptCount: prompts, seed: heldOutSeed });
  add('faces', 'face-detect', {}, { model: ['detector', 'model'], images: ['good', 'images'] });
  add('bad', 'inpaint', { batch: 32 }, { model: ['diffusion', 'model'], faces: ['faces', 'faces'] });
  add('pairs', 'pair-set', {}, { good: ['good', 'images'], bad: ['bad', 'images'], faces: ['faces', 'faces'] });
  add('face-score', 'face-score-trainer', {}, { model: ['scorer', 'model'], pairs: ['pairs', 'pairs'] });
  const sampler = (id: string, from: readonly [string, string]) =>
    add(id, 'sampler', { seed: 9000, batch: 32, guidance: 3, previewSteps: 0 }, { model: from, prompts: ['held-out', 'prompts'] });
  sampler('base-pictures', ['diffusion', 'model']);
  for (const seed of seeds)
    for (const variant of variants) {
      const trainer = trainerOf(variant, seed);
      add(
        trainer,
        'guidance-loss-trainer',
        { ...variant.values, steps, seed },
        { model: ['diffusion', 'model'], pairs: ['pairs', 'pairs'] },
      );
      sampler(`${trainer}-pictures`, [trainer, 'model']);
      add(
        reportOf(variant, seed),
        'evaluator',
        { tunedLabel: variant.label, rivalLabel: plain.label, title: `${variant.label}, training seed ${seed}`, seed: 1 },
        {
          base: ['base-pictures', 'images'],
          tuned: [`${trainer}-pictures`, 'images'],
          ...(variant !== plain && { rival: [`${trainerOf(plain, seed)}-pictures`, 'images'] as const }),
          real: ['held-out', 'images'],
          scorer: ['face-score', 'model'],
          detector: ['detector', 'model'],
          features: ['features', 'model'],
        },
      );
    }
  return { facewright: 1, name: 'Guidance study', description: 'Every variant over several training seeds.', nodes, links, groups: [] };
}
