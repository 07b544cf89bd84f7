// --set NODE.INPUT=VALUE: values of a graph from the command line, read as their ports want them.
import {
  err as coreErr,
  isWidget,
  toProblem,
  withSubgraphs,
  type Definitions,
  type Graph,
  type PortType,
  type Problem,
} from '@facewright/core';
import { CodedError } from '@facewright/tensor';
import { err } from './errors.ts';
import { ProblemList } from './problem-list.ts';

const YES = new Set(['true', 'yes', '1', 'on']);
const NO = new Set(['false', 'no', '0', 'off']);

function parseValue(type: PortType, text: string): unknown {
  switch (type.kind) {
    case 'number':
    case 'seed': {
      const value = Number(text);
      if (text.trim() === '' || Number.isNaN(value)) throw err.BAD_SET_VALUE('a number', text || 'nothing');
      return value;
    }
    case 'boolean':
      if (YES.has(text)) return true;
      if (NO.has(text)) return false;
      throw err.BAD_SET_VALUE('true or false', text || 'nothing');
    default:
      return text;
  }
}

/**
 * A copy of the graph with the values set; an input that is set loses its link. Throws a ProblemList with every setting that does not fit: its form, an unknown
 * node or input, a kind of value that only links can bring, text that is no number. Ranges are checked with the rest of the graph.
 */
export function applySettings(graph: Graph, settings: readonly string[], definitions: Definitions): Graph {
  const changed = structuredClone(graph);
  const known = withSubgraphs(graph, definitions);
  const problems: Problem[] = [];
  for (const setting of settings) {
    const [, node = '', input = '', text = ''] = /^([\w-]+)\.(\w+)=(.*)$/s.exec(setting) ?? [];
    const at = { ...(node && { node }), ...(input && { port: input }) };
    try {
      if (!node) throw err.BAD_SET(setting);
      const instance = Object.hasOwn(changed.nodes, node) ? changed.nodes[node]! : undefined;
      if (!instance) throw coreErr.UNKNOWN_NODE(node);
      const inputs = known.get(instance.type)?.definition.inputs;
      // A node of unknown type is reported by validation, with its name.
      if (!inputs) continue;
      const port = Object.hasOwn(inputs, input) ? inputs[input]! : undefined;
      if (!port) throw coreErr.UNKNOWN_PORT('input', Object.keys(inputs), input);
      if (!isWidget(port.type)) throw err.BAD_SET_VALUE(`a link, since it takes ${port.type.kind}`, text);
      instance.values[input] = parseValue(port.type, text);
      changed.links = changed.links.filter(({ to }) => to[0] !== node || to[1] !== input);
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      problems.push(toProblem(node ? error.at(`--set ${node}.${input}`) : error, at));
    }
  }
  if (problems.length) throw new ProblemList(problems);
  return changed;
}
