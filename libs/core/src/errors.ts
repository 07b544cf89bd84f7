// Coded errors of the contract: ports, graph documents, node definitions.
import { CodedError, defineErrors } from '@facewright/tensor';
import type { Problem } from './graph.ts';

const didYouMean = (nearest: string | undefined): string => (nearest === undefined ? '' : ` (did you mean ${nearest}?)`);

export const err = defineErrors('CORE', {
  BAD_VALUE: (want: string, got: unknown) => `expected ${want}, got ${show(got)}`,
  // The document.
  NOT_JSON: (why: string) => `graph: expected JSON, got text that is not (${why})`,
  BAD_DOCUMENT: (want: string, got: unknown) => `expected ${want}, got ${show(got)}`,
  NO_PICTURE_GRAPH: (got: string) => `picture: expected a PNG that Facewright saved with its graph, got ${got}`,
  // Node definitions, at load.
  BAD_NODE_TYPE: (type: string) => `type: expected a namespace and a name such as my-plugin/blur, got ${show(type)}`,
  BAD_VERSION: (version: number) => `version: expected a whole number from 1, got ${show(version)}`,
  BAD_PORT_NAME: (name: string) => `expected a name of letters, digits and _ that starts with a letter, got ${show(name)}`,
  BAD_RANGE: (min: number, max: number) => `expected a finite min that is at most max, got ${min} to ${max}`,
  BAD_DEFAULT: (why: string) => `default: ${why}`,
  BAD_EXTENDS: (name: string) => `extends: expected the name of an input, got ${show(name)}`,
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
  TWO_LINKS: (sources: readonly string[]) => `expected one link, got ${sources.length}: from ${sources.join(', ')}`,
  CYCLE: (nodes: readonly string[]) => `graph: expected no cycle, got ${[...nodes, nodes[0]].join(' → ')}`,
  NO_OUTPUT: (example: string | undefined) =>
    `graph: expected at least one node that shows or saves a result${example === undefined ? '' : `, such as ${example}`}, got none`,
  NO_TARGETS: () => 'targets: expected at least one node, got none',
  NEWER_VERSION: (known: number, got: number) =>
    `version: expected at most ${known}, which is installed, got ${got}: the graph was saved by a newer one`,
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
export const toProblem = (error: CodedError, at: { readonly node?: string; readonly port?: string } = {}): Problem => ({
  code: error.code,
  ...at,
  message: error.message,
});
