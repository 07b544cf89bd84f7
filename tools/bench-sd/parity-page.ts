// docs/sd-parity.md: how far Facewright is from diffusers.
import { measuredWhere, type Circumstances } from '../bench/report.ts';
import type { ParityRow } from './parity-cases.ts';

/** False for NaN too. */
export const passes = ({ relative, tolerance }: ParityRow): boolean => relative <= tolerance;

const short = (value: number): string => (value === 0 ? '0' : value.toExponential(1));

/** The page for readers, in Markdown. */
export function pageOf(
  rows: readonly ParityRow[],
  { checkpoint, command, ...circumstances }: Circumstances & { readonly checkpoint: string; readonly command: string },
): string {
  const lines = rows.map(
    (row) =>
      `| ${row.name} | ${short(row.maxAbs)} | ${short(row.meanAbs)} | ${short(row.relative)} | ${row.tolerance} | ${passes(row) ? 'yes' : '**no**'} |`,
  );
  const reasons = [...Map.groupBy(rows, ({ why }) => why)].map(
    ([why, own]) => `- ${[...new Set(own.map(({ tolerance }) => tolerance))].join(', ')}: ${why}.`,
  );
  return [
    '# Facewright and diffusers on one checkpoint\n',
    `Written by \`npm run parity:sd\` from what it computed: both open the same checkpoint (${checkpoint}) on the CPU in float32 and get the same inputs; noise of samplers that add some is that of the reference. The relative difference is the largest one over the standard deviation of the result of diffusers, and is what the tolerance is for.\n`,
    '| case | largest difference | mean difference | relative | tolerance | within |\n|---|---|---|---|---|---|',
    ...lines,
    '\nTolerances:\n',
    ...reasons,
    `\n${measuredWhere(circumstances)} Command: \`${command}\`.\n`,
  ].join('\n');
}
