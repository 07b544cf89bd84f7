// docs/score-parity.md: how far the scorers are from their authors' code.
import { measuredWhere, type Circumstances } from '../bench/report.ts';
import type { ScoreRow } from './cases.ts';

/** False for NaN too. Equal numbers without spread have no relative difference. */
export const passes = ({ relative, maxAbs, tolerance }: ScoreRow): boolean => maxAbs === 0 || relative <= tolerance;

const short = (value: number): string => (value === 0 ? '0' : value.toExponential(1));

/** The page for readers, in Markdown. */
export function pageOf(rows: readonly ScoreRow[], { command, ...circumstances }: Circumstances & { readonly command: string }): string {
  const lines = rows.map(
    (row) =>
      `| ${row.network} | ${row.name} | ${short(row.maxAbs)} | ${short(row.meanAbs)} | ${row.maxAbs === 0 ? '0' : short(row.relative)} | ${row.tolerance} | ${passes(row) ? 'yes' : '**no**'} |`,
  );
  const reasons = [...Map.groupBy(rows, ({ why }) => why)].map(
    ([why, own]) => `- ${[...new Set(own.map(({ tolerance }) => tolerance))].join(', ')}: ${why}.`,
  );
  return [
    "# The scorers and their authors' code at full size\n",
    'Written by `npm run parity:scores` from what it computed. Each network has its full size and random weights, opened by both sides from one file on the CPU in float32: ' +
      "ImageReward and FaceScore from a `FS_model.pt` that Facewright wrote and the authors' code loads strictly, HPS v2 from half-precision weights under `state_dict` as its authors publish them, CLIP under OpenAI's names and as transformers saves it; the head of the aesthetic predictor has its published weights. " +
      'Inputs are the same decoded photographs and prompts. The relative difference is the largest one over the standard deviation of the reference, and is what the tolerance is for.\n',
    '| network | case | largest difference | mean difference | relative | tolerance | within |\n|---|---|---|---|---|---|---|',
    ...lines,
    '\nTolerances:\n',
    ...reasons,
    `\n${measuredWhere(circumstances)} Command: \`${command}\`.\n`,
  ].join('\n');
}
