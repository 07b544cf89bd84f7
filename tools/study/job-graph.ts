// One job of the study as a graph: pairs, a training, pictures; and the graphs of the instruments.
import type { Graph } from '@facewright/core';
import type { BadFaces, Variant } from './variants.ts';

export interface StudySize {
  readonly model: string;
  readonly pairs: number;
  readonly prompts: number;
  readonly real: number;
  readonly steps: number;
  /** Pairs in a step. */
  readonly batch: number;
}
/** Prompts and noise that pictures are drawn from: those of the tables, and others to pick settings on. */
export type PromptSet = 'table' | 'tuning';

/** Scenes of all purposes come from seeds of their own, so that nothing that is measured was trained on. */
const seeds = { good: 11, scorerGood: 12, heldOutGood: 13, table: 222, tuning: 333 } as const;
const noiseOf = { table: 9000, tuning: 9500 } as const;

type Ends = Readonly<Record<string, readonly [node: string, output: string]>>;
class GraphBuilder {
  readonly nodes: Graph['nodes'] = {};
  readonly links: Graph['links'] = [];
  readonly #size: StudySize;
  constructor(size: StudySize) {
    this.#size = size;
  }
  add(id: string, type: string, values: Record<string, unknown> = {}, inputs: Ends = {}, version = 1): void {
    this.nodes[id] = { type: `facewright/${type}`, version, values };
    for (const [port, [node, output]] of Object.entries(inputs)) this.links.push({ from: [node, output], to: [id, port] });
  }
  load(id: 'diffusion' | 'face-score' | 'face-detector' | 'features' | 'dino'): void {
    if (!(id in this.nodes)) this.add(id, `load-${id}`, { path: this.#size.model });
  }
  /** Adds `NAME-good`, its faces and its bad counterparts, and returns the pair set. */
  pairs(name: keyof typeof seeds, count: number, bad: BadFaces): readonly [string, string] {
    this.load('face-detector');
    this.add(`${name}-good`, 'toy-faces', { count, promptCount: 0, seed: seeds[name] });
    this.add(`${name}-faces`, 'face-detect', {}, { model: ['face-detector', 'model'], images: [`${name}-good`, 'images'] });
    if (bad.kind === 'deformed') this.add(`${name}-bad`, 'toy-faces', { count, promptCount: 0, deformed: 1, seed: seeds[name] });
    else {
      this.load('diffusion');
      const inputs: Ends = { model: ['diffusion', 'model'], faces: [`${name}-faces`, 'faces'] };
      this.add(`${name}-bad`, 'inpaint', { strength: bad.strength, batch: 32, seed: 0, previewSteps: 0 }, inputs, 2);
    }
    this.add(
      `${name}-pairs`,
      'pair-set',
      {},
      { good: [`${name}-good`, 'images'], bad: [`${name}-bad`, 'images'], faces: [`${name}-faces`, 'faces'] },
    );
    return [`${name}-pairs`, 'pairs'];
  }
  graph(name: string): Graph {
    return { facewright: 1, name, description: '', nodes: this.nodes, links: this.links, groups: [] };
  }
}

/** Outputs: `pictures` images; `trainer` model and training, but for the base. A variant that draws with two models leaves the drawing to `mixedPictures`. */
export function jobGraph(size: StudySize, variant: Variant, seed: number, set: PromptSet): Graph {
  const { node, values, bad } = variant;
  const build = new GraphBuilder(size);
  build.load('diffusion');
  let model: readonly [string, string] = ['diffusion', 'model'];
  if (node !== null) {
    model = ['trainer', 'model'];
    const inputs: Record<string, readonly [string, string]> = { model: ['diffusion', 'model'] };
    if (node === 'spin-trainer') {
      build.add('good', 'toy-faces', { count: size.pairs, promptCount: 0, seed: seeds.good });
      // strength 1 keeps nothing of the picture but its size and its key
      const drawn: Ends = { model: ['diffusion', 'model'], images: ['good', 'images'] };
      build.add('drawn', 'image-to-image', { strength: 1, guidance: 3, seed: 0, batch: 32, previewSteps: 0 }, drawn);
      Object.assign(inputs, { good: ['good', 'images'], drawn: ['drawn', 'images'] });
    } else inputs['pairs'] = build.pairs('good', size.pairs, bad);
    if (values['distance'] === 'dino') {
      build.load('dino');
      inputs['dino'] = ['dino', 'model'];
    }
    build.add('trainer', node, { ...values, steps: size.steps, batch: size.batch, seed }, inputs);
  }
  build.add('prompts', 'toy-faces', { count: 1, promptCount: size.prompts, seed: seeds[set] });
  build.add(
    'pictures',
    'sampler',
    { seed: noiseOf[set], batch: 32, guidance: 3, previewSteps: 0 },
    { model, prompts: ['prompts', 'prompts'] },
  );
  return build.graph('guidance study');
}

/** The instruments: outputs `scorer` model and `plain-scorer` model (trained with and without degraded negatives), `face-score`, `face-detector`, `features` and `diffusion` model, `real` images, `heldOutGood-pairs` pairs. */
export function instrumentGraph(size: StudySize): Graph {
  const build = new GraphBuilder(size);
  for (const id of ['diffusion', 'face-score', 'features'] as const) build.load(id);
  const repaint: BadFaces = { kind: 'repainted', strength: 0.6 };
  const pairs = build.pairs('scorerGood', size.pairs, repaint);
  const scorer = (id: string, degradedShare: number) =>
    build.add(
      id,
      'face-score-trainer',
      { steps: Math.min(240, size.steps), batch: 16, learningRate: 1e-4, degradedShare, validationShare: 0.15, seed: 1 },
      { model: ['face-score', 'model'], pairs },
    );
  scorer('scorer', 0.3);
  scorer('plain-scorer', 0);
  build.pairs('heldOutGood', size.pairs, repaint);
  build.add('real', 'toy-faces', { count: size.real, promptCount: 0, seed: seeds.table });
  return build.graph('instruments of the guidance study');
}
