// What the study trains: the rows of its tables, each a training node with its settings and the pairs that it learns from.

/** Where the bad faces of pairs come from. */
export type BadFaces =
  /** The base repaints them, from this share of the schedule on. */
  | { readonly kind: 'repainted'; readonly strength: number }
  /** The generator draws the same scene with a deformed face. */
  | { readonly kind: 'deformed' };

export interface Variant {
  readonly name: string;
  readonly label: string;
  /** The training node without its namespace; null is the base as it is. */
  readonly node: 'guidance-loss-trainer' | 'dpo-trainer' | 'spin-trainer' | null;
  /** Values that differ from the node's defaults. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly bad: BadFaces;
  /** The tuned weights draw at timesteps from here on, the base's below; absent: at all. */
  readonly drawsFrom?: number;
}

const repainted = (strength: number): BadFaces => ({ kind: 'repainted', strength });
const usual = repainted(0.6);
const guidance = (name: string, label: string, values: Variant['values'], more: Partial<Variant> = {}): Variant => ({
  name,
  label,
  node: 'guidance-loss-trainer',
  values,
  bad: usual,
  ...more,
});
const preference = (kind: 'dpo' | 'spin', beta: number, learningRate: number): Variant => ({
  name: `${kind}-${beta}-${learningRate}`,
  label: `${kind.toUpperCase()}, β ${beta}, rate ${learningRate}`,
  node: `${kind}-trainer`,
  values: { beta, learningRate },
  bad: usual,
});

export const base: Variant = { name: 'base', label: 'Base', node: null, values: {}, bad: usual };
/** The rival of all others: the same node with the guidance left out, so the same pictures, noise and times. */
export const plain = guidance('plain', 'Plain fine-tuning on the good', { guidanceWeight: 0 });
/** The setting of the template guidance-finetune; the ablation changes one thing of it at a time. */
export const template = guidance('guidance', 'Guidance ℓ2', {});

/** The same by the features of the decoded pictures instead of latents. Unweighted: the distance of features does not grow with the noise as that of latents does. */
export const withDino = guidance('guidance-dino', 'Guidance DINO', { distance: 'dino', snrWeighting: 'none' });
/** What the ablation found best: bad faces whose defects are real ones, not those of a repaint. */
const deformedPairs = guidance('pairs-deformed', 'Guidance ℓ2, bad faces drawn deformed', {}, { bad: { kind: 'deformed' } });

const dpo = preference('dpo', 5000, 1e-5);
/** The same pairs for a rival, so that what the pairs do is not taken for what the loss does. */
const dpoDeformed: Variant = { ...dpo, name: 'dpo-deformed', label: `${dpo.label}, bad faces drawn deformed`, bad: { kind: 'deformed' } };

/** One training seed each, on prompts of their own: what is picked is picked here. */
export const ablation: readonly Variant[] = [
  plain,
  template,
  guidance('pairs-999', 'pairs repainted from t = 999', {}, { bad: repainted(1) }),
  guidance('pairs-300', 'pairs repainted from t = 300', {}, { bad: repainted(0.3) }),
  deformedPairs,
  guidance('all-t', 'guidance at all t', { tMin: 0 }),
  guidance('t-600', 'guidance at t ≥ 600', { tMin: 600 }),
  guidance('unweighted', 'no SNR weighting', { snrWeighting: 'none' }),
  guidance('snr', 'SNR weighting', { snrWeighting: 'snr' }),
  guidance('faces', 'faces count 4 times', { faceWeight: 4 }),
  guidance('lora', 'LoRA, rank 8, all layers, rate 1e-3', { mode: 'lora', targets: 'all', learningRate: 1e-3 }),
  guidance('true-target', 'target: the true clean latents', { target: 'clean' }),
  guidance('alone', 'guidance without diffusion loss', { diffusionWeight: 0 }),
  guidance('alone-above-300', 'the same, drawing at t ≥ 300 only', { diffusionWeight: 0 }, { drawsFrom: 300 }),
  guidance('as-written', 'guidance alone, all t, unweighted', { diffusionWeight: 0, tMin: 0, snrWeighting: 'none' }),
];

/** Every training seed, on the prompts of the tables. */
export const main: readonly Variant[] = [plain, dpo, preference('spin', 2500, 1e-5), template, withDino, dpoDeformed, deformedPairs];
