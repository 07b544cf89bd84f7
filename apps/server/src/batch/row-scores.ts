// The numbers that a row gave, by name: of score tables, of reports, and of outputs that are numbers.
import {
  nodeInside,
  reportNumbers,
  type Asset,
  type Catalogue,
  type Graph,
  type NodeOutputs,
  type Report,
  type ReportNumbers,
  type Scores,
} from '@facewright/core';

/**
 * METRIC is the mean of a score table; METRIC:VARIANT the value of a variant in a report, with .difference, .low and .high of its difference to the base; NODE.OUTPUT an output that is a
 * number. A name that is taken gets the node before it. `all` has the outputs of every node that ran or was stored, by node; `targets` are those whose results were wanted.
 */
export async function rowScores(
  all: Readonly<Record<string, NodeOutputs>>,
  targets: readonly string[],
  graph: Graph,
  catalogue: Catalogue,
  read: (asset: Asset) => Promise<Uint8Array>,
): Promise<Record<string, number>> {
  const scores: Record<string, number> = {};
  for (const [node, outputs] of Object.entries(all)) {
    const ports = catalogue.get(nodeInside(graph, node)?.type ?? '')?.definition.outputs;
    if (!ports) continue;
    const add = (name: string, value: number | null) => {
      if (value !== null && Number.isFinite(value)) scores[Object.hasOwn(scores, name) ? `${node}:${name}` : name] = value;
    };
    for (const [output, { type }] of Object.entries(ports)) {
      const value = outputs[output];
      if (value === undefined) continue;
      if (type.kind === 'scores') addTable(value as Scores, add);
      else if (type.kind === 'report') {
        const numbers = reportNumbers(await read((value as Report).json));
        if (numbers) addReport(numbers, add);
      } else if ((type.kind === 'number' || type.kind === 'seed') && targets.includes(node)) add(`${node}.${output}`, value as number);
    }
  }
  return scores;
}

function addTable({ metric, rows }: Scores, add: (name: string, value: number | null) => void): void {
  const values = rows.flatMap(({ score }) => (score === null ? [] : [score]));
  if (values.length > 0) add(metric, values.reduce((a, b) => a + b, 0) / values.length);
}

function addReport({ summaries, comparisons }: ReportNumbers, add: (name: string, value: number | null) => void): void {
  const base = summaries.find(({ role }) => role === 'base')?.label;
  for (const { label, role, values } of summaries)
    if (role !== 'real') for (const [metric, value] of Object.entries(values)) add(`${metric}:${label}`, value);
  for (const { variant, against, measure, difference } of comparisons) {
    if (against !== base) continue;
    add(`${measure}:${variant}.difference`, difference.estimate);
    add(`${measure}:${variant}.low`, difference.low);
    add(`${measure}:${variant}.high`, difference.high);
  }
}
