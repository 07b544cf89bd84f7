// The metrics that a graph's evaluators will report, told from the graph alone, so that a gate with a wrong name fails before anything runs.
import { defaultTargets, neededNodes, type Definitions, type Graph } from '@facewright/core';
import { guardNames, plainEvaluatorNames } from '@facewright/node-evaluator';
import { metricNameOf } from '@facewright/node-metrics';

const plainEvaluator = 'facewright/evaluator';
const experimentEvaluator = 'facewright/evaluate-experiment';

export interface KnownMetrics {
  /** There is a node that gives a report. */
  readonly report: boolean;
  /** Null when the graph does not tell: a name comes by a link, or from a node of a plugin. */
  readonly names: readonly string[] | null;
}

export function knownMetrics(graph: Graph, definitions: Definitions): KnownMetrics {
  const reporting = [...neededNodes(graph, defaultTargets(graph, definitions))].filter((id) => {
    const { type: node } = graph.nodes[id]!;
    // Other reports of this project have no numbers that gates read; a plugin's may.
    if (node.startsWith('facewright/') && node !== plainEvaluator && node !== experimentEvaluator) return false;
    const outputs = definitions.get(node)?.definition.outputs ?? {};
    return Object.values(outputs).some(({ type }) => type.kind === 'report');
  });
  const names = reporting.map((id) => namesOf(graph, id));
  return {
    report: reporting.length > 0,
    names: names.some((list) => list === null) ? null : [...new Set(names.flatMap((list) => list ?? []))],
  };
}

function namesOf(graph: Graph, evaluator: string): readonly string[] | null {
  const { type } = graph.nodes[evaluator]!;
  if (type === plainEvaluator) return plainEvaluatorNames;
  if (type !== experimentEvaluator) return null;
  const from = (node: string, input: string) => graph.links.find(({ to }) => to[0] === node && to[1] === input)?.from[0];
  const chosen: string[] = [];
  const seen = new Set<string>();
  for (let node = from(evaluator, 'metrics'); node !== undefined && !seen.has(node); node = from(node, 'metrics')) {
    seen.add(node);
    const { type: kind, values } = graph.nodes[node]!;
    const name = from(node, 'name') === undefined ? metricNameOf(kind, values['name'], from(node, 'detector') !== undefined) : null;
    if (name === null) return null;
    chosen.unshift(name);
  }
  return [...chosen, ...guardNames];
}
