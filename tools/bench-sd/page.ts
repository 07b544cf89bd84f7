// docs/sd-benchmarks.md: how fast Stable Diffusion 1.5 runs here, beside diffusers.
import { measuredWhere, quantity, type Circumstances } from '../bench/report.ts';
import type { Comparison, Row } from './measure.ts';
import type { OperatorShare } from './operator-profile.ts';
import type { Settings } from './settings.ts';

export interface Results extends Circumstances, Comparison {
  readonly command: string;
  readonly runs: number;
  /** What was opened. */
  readonly checkpoint: string;
  readonly settings: Omit<Settings, 'path' | 'configs'>;
}

const ratioOf = ({ ours, diffusers }: Row): number | null => (diffusers === null ? null : ours / diffusers);

/** Whether a row has a goal and misses it. */
export const misses = (row: Row): boolean => {
  const ratio = ratioOf(row);
  return row.most !== undefined && ratio !== null && ratio > row.most;
};

function line(row: Row): string {
  const { name, unit, ours, diffusers, most } = row;
  const ratio = ratioOf(row);
  return `| ${[
    name,
    quantity(ours, unit),
    diffusers === null ? 'not measured' : quantity(diffusers, unit),
    ratio === null ? '' : quantity(ratio, '×'),
    most === undefined ? '' : `at most ${most} ×`,
    most === undefined || ratio === null ? '' : misses(row) ? '**missed**' : 'met',
  ].join(' | ')} |`;
}

/** Operators below this share of the time are added up. */
const SMALL = 0.01;

function operators(shares: readonly OperatorShare[]): string {
  const large = shares.filter(({ share }) => share >= SMALL);
  const small = shares.filter(({ share }) => share < SMALL);
  const sum = (key: 'calls' | 'seconds' | 'share') => small.reduce((total, each) => total + each[key], 0);
  const all =
    small.length === 0
      ? large
      : [...large, { operator: `${small.length} others`, calls: sum('calls'), seconds: sum('seconds'), share: sum('share') }];
  const lines = all.map(
    ({ operator, calls, seconds, share }) => `| ${operator} | ${calls} | ${quantity(seconds, 's')} | ${(100 * share).toFixed(1)} % |`,
  );
  return ['| operator | nodes | time | share |', '|---|---|---|---|', ...lines].join('\n');
}

/** The page for readers, in Markdown. */
export function pageOf(results: Results): string {
  const { about, rows, profiles, command, runs, settings } = results;
  const { size, guidance, threads, provider } = settings;
  const side = (name: 'ours' | 'diffusers'): string =>
    about[name] ? `${about[name].device ?? 'CPU'}, ${about[name].precision}` : 'not measured';
  const versions = { ...results.versions, ...about.diffusers?.versions };
  return [
    '# Stable Diffusion 1.5 beside diffusers\n',
    `Written by \`npm run bench:sd\` from what it measured; the numbers are in \`bench/sd-results.json\`. Facewright and diffusers on PyTorch open the same checkpoint (${results.checkpoint}), use ${threads} threads, and take turns, each in processes of its own. Pictures of ${size} × ${size} pixels.\n`,
    `Provider ${provider}: Facewright on ${side('ours')}; diffusers on ${side('diffusers')}.\n`,
    ['| what | Facewright | diffusers | ratio | goal | |', '|---|---|---|---|---|---|', ...rows.map(line)].join('\n'),
    '',
    `- Medians of ${runs}, but for the first U-Net step and the picture, which are of one run. What is run in a row is warm: one run before is not counted. Before everything that is timed the file is read once, so that neither side waits for the disk.`,
    '- Opening is from the path of the file to a pipeline that takes prompts (ours: the loader and openDiffusion, which read and check what the file holds; theirs: `StableDiffusionPipeline.from_single_file`), in a fresh process that has imported its code. Neither side reads the weights then: both map the file and leave them to the first step, which is why that stands apart. Facewright writes the graph of a part when it is first used; the row below counts that of all parts too (text, the guided U-Net at this size, the VAE decoder, and the tokenizer). diffusers has built its modules by then.',
    `- The picture is DDIM with guidance ${guidance} in a fresh process, opening included, imports not.`,
    '- Peak memory is the largest resident set of the process and its children. Facewright maps the file of weights: its pages count as resident, but the system can drop them and shares them between processes.',
    '',
    ...(profiles
      ? [
          '## Where the time goes\n',
          'Time of each operator as onnxruntime profiles it, in the second run of a session.\n',
          `### One guided U-Net step\n\n${operators(profiles.unet)}\n`,
          `### VAE decode\n\n${operators(profiles.decode)}\n`,
        ]
      : []),
    `${measuredWhere({ ...results, versions })} Command: \`${command}\`.\n`,
  ].join('\n');
}
