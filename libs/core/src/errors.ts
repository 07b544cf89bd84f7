// Coded errors of the contract: ports, graph documents, node definitions.
import { CodedError, defineErrors, listed } from '@facewright/tensor';
import type { Problem } from './graph.ts';

const didYouMean = (nearest: string | undefined): string => (nearest === undefined ? '' : ` (did you mean ${nearest}?)`);

export const err = defineErrors('CORE', {
  BAD_VALUE: (want: string, got: unknown) => `expected ${want}, got ${show(got)}`,
  // The document.
  NOT_JSON: (why: string) => `graph: expected JSON, got text that is not (${why})`,
  BAD_DOCUMENT: (want: string, got: unknown) => `expected ${want}, got ${show(got)}`,
  NO_PICTURE_GRAPH: (got: string) => `picture: expected a PNG that Facewright saved with its graph, got ${got}`,
  // Node definitions, at load.
  BAD_NODE_TYPE: (type: string) => `type: expected a namespace other than subgraph and a name, such as my-plugin/blur, got ${show(type)}`,
  BAD_VERSION: (version: number) => `version: expected a whole number from 1, got ${show(version)}`,
  BAD_PORT_NAME: (name: string) => `expected a name of letters, digits and _ that starts with a letter, got ${show(name)}`,
  BAD_RANGE: (min: number, max: number) => `expected a finite min that is at most max, got ${min} to ${max}`,
  BAD_DEFAULT: (why: string) => `default: ${why}`,
  BAD_EXTENDS: (name: string) => `extends: expected the name of an input, got ${show(name)}`,
  BAD_SAME: (name: string) => `type: expected the same as an input that takes anything, got ${show(name)}`,
  BAD_SIDE: (what: string, side: string) => `expected ${what} on an ${side === 'input' ? 'output' : 'input'}, got it on an ${side}`,
  LAZY_NEEDS: (lazy: readonly string[]) =>
    `needs: expected it where an input is lazy and nowhere else, got ${lazy.length === 0 ? 'no lazy input' : `none for ${lazy.join(', ')}`}`,
  MIGRATION_GAP: (version: number, got: readonly number[]) =>
    `migrations: expected one to each version from 2 to ${version}, in order, got ${got.length === 0 ? 'none' : got.join(', ')}`,
  DUPLICATE_NODE_TYPE: (type: string) => `catalogue: expected one package of type ${type}, got two`,
  BAD_CATALOGUE: (messages: readonly string[]) =>
    `catalogue: expected sound node definitions, got ${messages.length} problems:\n${messages.join('\n')}`,
  // Graphs against a catalogue.
  UNKNOWN_NODE_TYPE: (type: string, nearest?: string) => `type: expected an installed node type, got ${type}${didYouMean(nearest)}`,
  UNKNOWN_NODE: (id: string, nearest?: string) => `expected a node of the graph, got ${show(id)}${didYouMean(nearest)}`,
  UNKNOWN_PORT: (side: 'input' | 'output', known: readonly string[], got: string, nearest?: string) =>
    `expected ${known.length === 0 ? `no ${side}` : `an ${side} among ${known.join(', ')}`}, got ${show(got)}${didYouMean(nearest)}`,
  MISSING_INPUT: (want: string) => `expected ${want}, got nothing`,
  LINK_TYPE: (reason: string, from: readonly [string, string]) => `${reason} from node ${from[0]} output ${from[1]}`,
  CHECK_FAILED: (why: string) => why,
  TWO_LINKS: (sources: readonly string[]) => `expected one link, got ${sources.length}: from ${listed(sources, 20)}`,
  CYCLE: (nodes: readonly string[]) => `graph: expected no cycle, got ${[...nodes, nodes[0]].join(' → ')}`,
  NO_OUTPUT: (example: string | undefined) =>
    `graph: expected at least one node that shows or saves a result${example === undefined ? '' : `, such as ${example}`}, got none`,
  NO_TARGETS: () => 'targets: expected at least one node, got none',
  NEWER_VERSION: (known: number, got: number) =>
    `version: expected at most ${known}, which is installed, got ${got}: the graph was saved by a newer one`,
  UNKNOWN_SUBGRAPH: (known: readonly string[], got: string, nearest?: string) =>
    `type: expected ${known.length === 0 ? 'an installed node type, since this document has no subgraphs' : `a subgraph among ${known.join(', ')}`}, got ${show(got)}${didYouMean(nearest)}`,
  RECURSION: (path: readonly string[]) => `subgraph ${path[0]}: expected one that does not contain itself, got ${path.join(' → ')}`,
  TOO_DEEP: (limit: number, path: readonly string[]) =>
    `subgraphs: expected at most ${limit} inside each other, got ${path.slice(0, 3).join(' → ')} → … → ${path.at(-1)}`,
  TOO_LARGE: (limit: string, got: string) => `subgraphs: expected at most ${limit} once every use and round is written out, got ${got}`,
  NOT_REPEATABLE: (type: string) => `repeat: expected it on a subgraph, got it on ${type}`,
  CARRIED_TWICE: (input: string, outputs: readonly string[]) =>
    `repeat: expected one output to feed input ${input} of the next round, got ${outputs.join(', ')}`,
  FED_INSIDE: (end: readonly [string, string]) =>
    `expected an inner input without a link, got ${end.join('.')}, which a link feeds already`,
  BYPASSED: (node: string, output: string) =>
    `expected a value through node ${node}, got nothing: the node is bypassed, and no input of it that has a value fits its output ${output}`,
  SKIPPED: (target: string, muted: string) =>
    `target ${target}: expected a node that runs, got one that ${target === muted ? 'is muted' : `cannot do without node ${muted}, which is muted`}`,
  NOT_RUN: (target: string) => `target ${target}: expected a node that runs, got one that is bypassed`,
  ALL_SKIPPED: (muted: string) =>
    `graph: expected at least one output that runs, got only some that are muted, bypassed or cannot do without node ${muted}`,
  MIGRATION_FAILED: (to: number, why: string) => `migration to version ${to}: expected it to bring the saved values up to date, got ${why}`,
});

/** A value in an error message: JSON where there is one, cut to a readable length. NaN and infinities keep their names. Never throws. */
export function show(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (value === undefined) return 'nothing';
  if (typeof value === 'function') return 'a function';
  const text = json(value);
  return text.length > 120 ? `${text.slice(0, 117)}…` : text;
}
function json(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    // Cycles, bigints inside, nesting deeper than the stack.
    return 'a value without JSON';
  }
}

/** What a caught value says of itself. */
export const messageOf = (error: unknown): string =>
  error instanceof CodedError ? error.message : error instanceof Error ? `${error.name}: ${error.message}` : `thrown ${show(error)}`;

/** A coded error as a problem, told to stand at a node and a port. */
export const toProblem = (error: CodedError, at: Pick<Problem, 'subgraph' | 'node' | 'port'> = {}): Problem => ({
  code: error.code,
  ...at,
  message: error.message,
});
