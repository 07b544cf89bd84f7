// Reading a graph document that may be anything.
import type { z } from 'zod';
import { err, toProblem } from './errors.ts';
import { graphSchema, type Graph, type Problem } from './graph.ts';

export type ParsedGraph =
  { readonly graph: Graph; readonly problems?: undefined } | { readonly graph?: undefined; readonly problems: readonly Problem[] };

/** What a schema wants, in words. */
/** Nobody reads more, and a hostile document may have any number. */
const MOST_PROBLEMS = 1000;

export function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected;
    case 'invalid_value':
      return issue.values.join(' or ');
    case 'unrecognized_keys':
      return `no unknown keys (${issue.keys.join(', ')})`;
    case 'invalid_format':
      return issue.pattern === undefined ? `text in the form of a ${issue.format}` : `text like ${issue.pattern}`;
    case 'too_small':
      return `${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`;
    case 'too_big':
      return `${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`;
    case 'invalid_key':
      return 'a name of letters, digits, _ and -';
    default:
      return issue.message;
  }
}
export const valueAt = (root: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined), root);

const entriesOf = (value: unknown): [string, unknown][] => (typeof value === 'object' && value !== null ? Object.entries(value) : []);

/** Keys named __proto__, which a record cannot hold and the schema would drop without a word. */
function prototypeKeys(json: unknown): Problem[] {
  const records = (where: string, content: unknown): [string, unknown][] => [
    [`${where}.nodes`, valueAt(content, ['nodes'])],
    ...entriesOf(valueAt(content, ['nodes'])).map(([id, node]): [string, unknown] => [
      `${where}.nodes.${id}.values`,
      valueAt(node, ['values']),
    ]),
  ];
  const subgraphs = valueAt(json, ['subgraphs']);
  return [
    ...records('graph', json),
    ['graph.subgraphs', subgraphs] as const,
    ...entriesOf(subgraphs).flatMap(([id, subgraph]) => records(`graph.subgraphs.${id}`, subgraph)),
  ]
    .filter(([, record]) => typeof record === 'object' && record !== null && Object.hasOwn(record, '__proto__'))
    .map(([where]) => toProblem(err.BAD_DOCUMENT('another name', '__proto__').at(where)));
}

/** The document with defaults filled in, or all that is wrong with its form. Whether its nodes exist and fit is validateGraph's business. */
export function parseGraph(json: unknown): ParsedGraph {
  const result = graphSchema.safeParse(json);
  const unholdable = prototypeKeys(json);
  if (result.success) return unholdable.length === 0 ? { graph: result.data } : { problems: unholdable };
  return {
    problems: [
      ...unholdable,
      ...result.error.issues.slice(0, MOST_PROBLEMS).map((issue) => {
        const inside = issue.path[0] === 'subgraphs';
        const [section, node, part, port] = inside ? issue.path.slice(2) : issue.path;
        const got = issue.code === 'invalid_key' ? issue.path.at(-1) : valueAt(json, issue.path);
        return toProblem(err.BAD_DOCUMENT(expectation(issue), got).at(['graph', ...issue.path].join('.')), {
          ...(inside && typeof issue.path[1] === 'string' && { subgraph: issue.path[1] }),
          ...(section === 'nodes' && typeof node === 'string' && { node }),
          ...(section === 'nodes' && part === 'values' && typeof port === 'string' && { port }),
        });
      }),
    ],
  };
}

/** The same for the text of a file. */
export function parseGraphText(text: string): ParsedGraph {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return { problems: [toProblem(err.NOT_JSON((error as SyntaxError).message))] };
  }
  return parseGraph(json);
}
