// docs/train-benchmarks.md: what a training step takes here, beside PyTorch.
import { measuredWhere, quantity, type Circumstances } from '../bench/report.ts';
import { titleOf, training, type Case } from './cases.ts';
import { sides, type Measured, type SideName } from './measure.ts';

export interface CaseResult extends Circumstances {
  readonly what: Case;
  /** Null where a side took longer than the limit; absent where it was not asked for. */
  readonly sides: Readonly<Partial<Record<SideName, Measured | null>>>;
  readonly command: string;
  readonly steps: number;
  readonly threads: number;
  /** Processes that wanted to run, on average, when it began: above the number of cores others were computing too. */
  readonly load: number;
  /** How threads of PyTorch wait for each other, where the environment says. */
  readonly waiting: string | null;
}
export interface Results {
  readonly cases: readonly CaseResult[];
}

const names: Readonly<Record<SideName, string>> = {
  ours: 'Facewright',
  recomputed: 'Facewright, recompute on',
  torch: 'PyTorch',
  checkpointed: 'PyTorch, gradient checkpointing',
};
const GB = 1e9;
const figures = [
  { title: 'a step', unit: 's', goal: true, of: ({ seconds }: Measured) => seconds },
  { title: 'its processor time', unit: 's', goal: false, of: ({ processor }: Measured) => processor },
  { title: 'peak memory', unit: 'GB', goal: true, of: ({ memory }: Measured) => memory && memory.peak / GB },
  { title: 'of that allocated', unit: 'GB', goal: false, of: ({ memory }: Measured) => memory && memory.allocated / GB },
] as const;

export interface Ratio {
  readonly title: string;
  readonly ratio: number;
  /** The goal is at most 1, where there is one. */
  readonly goal: boolean;
}
/** Ours over theirs, for what both sides have. */
export function ratiosOf({ sides: { ours, torch } }: CaseResult): Ratio[] {
  if (!ours || !torch) return [];
  return figures.flatMap(({ title, goal, of }) => {
    const [own, theirs] = [of(ours), of(torch)];
    return own === null || theirs === null ? [] : [{ title, ratio: own / theirs, goal }];
  });
}
export const misses = ({ goal, ratio }: Ratio): boolean => goal && ratio > 1;

function tableOf(result: CaseResult): string {
  const rows = sides
    .filter((side) => side in result.sides)
    .map((side) => {
      const measured = result.sides[side];
      const cells = figures.map(({ unit, of }) => {
        const value = measured ? of(measured) : null;
        return value === null ? (measured === null ? 'given up' : 'not measured') : quantity(value, unit);
      });
      return `| ${[names[side], ...cells].join(' | ')} |`;
    });
  const ratios = ratiosOf(result);
  const verdicts = figures.map(({ title }) => {
    const found = ratios.find((ratio) => ratio.title === title);
    return found ? `${quantity(found.ratio, '×')}${found.goal ? (misses(found) ? ' **missed**' : ' met') : ''}` : '';
  });
  return [
    `| | ${figures.map(({ title }) => title).join(' | ')} |`,
    `|---|${figures.map(() => '---|').join('')}`,
    ...rows,
    ...(ratios.length ? [`| Facewright over PyTorch, goal at most 1 | ${verdicts.join(' | ')} |`] : []),
  ].join('\n');
}

/** On what and how a case was measured. */
function measuredHow({ sides: of, command, steps, threads, load, waiting, ...conditions }: CaseResult): string {
  const versions = Object.assign({}, conditions.versions, ...Object.values(of).map((side) => side?.versions)) as Record<string, string>;
  const { cores } = conditions.machine;
  return [
    measuredWhere({ ...conditions, versions }),
    `${threads} threads; median of ${steps} after one step that is not counted; when it began ${load.toFixed(1)} processes wanted to run on ${cores} cores${load > cores ? ', so others were computing too and times by the clock say little' : ''}.`,
    ...(waiting === null ? [] : [`PyTorch ran with OMP_WAIT_POLICY=${waiting}.`]),
    `Command: \`${command}\`.`,
  ].join(' ');
}

/** The page for readers, in Markdown. */
export const pageOf = ({ cases }: Results): string =>
  [
    '# Training steps beside PyTorch\n',
    `Written by \`npm run bench:train\` from what it measured; the numbers are in \`bench/train-results.json\`. \`npm run bench:train -- --cases score\` measures one case and keeps the others. Both sides open the same file of random float32 weights, compute the same loss from the same numbers (the first losses agree to 1e-4), and move the parameters with clipping to ${training.maxGradientNorm} and AdamW. LoRA is of rank ${training.rank} on the projections of attention. PyTorch runs diffusers, peft and transformers with scaled dot product attention.\n`,
    '- Each side of each case is a process of its own.',
    '- Memory is that of the process while it steps: the largest resident set, and what of it was allocated when most was resident. The rest are pages of files: weights that are read in place on both sides, and code.',
    '- Processor time is that of all threads. Threads of PyTorch spin while they wait for each other, which counts, unless OMP_WAIT_POLICY is PASSIVE; those of onnxruntime sleep.',
    '- Where the time goes: [train step](train-step.md).\n',
    ...cases.map((result) => `## ${titleOf(result.what)}\n\n${tableOf(result)}\n\n${measuredHow(result)}\n`),
  ].join('\n');
