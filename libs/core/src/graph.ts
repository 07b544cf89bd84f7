// The graph document: what is saved, sent and validated. Slots and values are named, never positional.
import { z } from 'zod';

const nodeId = z.string().regex(/^[\w-]+$/);
const portName = z.string().regex(/^[a-zA-Z]\w{0,63}$/);

export const nodeInstanceSchema = z.strictObject({
  /** An installed node type, or `subgraph/` and the id of a subgraph of this document. */
  type: z.string().regex(/^[^/\s]+\/[^/\s]+$/),
  /** The version of the node type that the values were saved with; 1 for a subgraph. */
  version: z.number().int().positive(),
  title: z.string().optional(),
  /** Values typed by a person, by input name; a link takes precedence. */
  values: z.record(z.string(), z.unknown()).default({}),
  /** `muted`: neither the node nor what cannot do without it runs. `bypassed`: what comes in goes out. */
  mode: z.enum(['muted', 'bypassed']).optional(),
  /** A subgraph one round after another: `carry` names, by output, the input of the next round that it feeds. */
  repeat: z.strictObject({ times: z.number().int().min(1).max(10_000), carry: z.record(portName, portName).default({}) }).optional(),
  /** Left top corner in the editor, in canvas units. */
  position: z.tuple([z.number(), z.number()]).optional(),
  size: z.tuple([z.number(), z.number()]).optional(),
});
/** [node, port] */
const endSchema = z.tuple([z.string(), z.string()]);
const content = {
  nodes: z.record(nodeId, nodeInstanceSchema),
  links: z.array(z.strictObject({ from: endSchema, to: endSchema })).default([]),
  /** Coloured frames of the editor. */
  groups: z
    .array(
      z.strictObject({
        title: z.string(),
        position: z.tuple([z.number(), z.number()]),
        size: z.tuple([z.number(), z.number()]),
        color: z.string().optional(),
      }),
    )
    .default([]),
};
const innerEnd = z.tuple([nodeId, portName]);
export const subgraphSchema = z.strictObject({
  title: z.string(),
  description: z.string().default(''),
  /** By name: the inner inputs that each feeds. Its type, default and help are those of the first. */
  inputs: z.record(portName, z.strictObject({ to: z.array(innerEnd).min(1) })).default({}),
  /** By name: the inner output that each gives out. */
  outputs: z.record(portName, z.strictObject({ from: innerEnd })).default({}),
  ...content,
});
export const graphSchema = z.strictObject({
  facewright: z.literal(1),
  name: z.string().default('Untitled'),
  description: z.string().default(''),
  ...content,
  /** Graphs that nodes of type `subgraph/ID` stand for, here and in each other. */
  subgraphs: z.record(nodeId, subgraphSchema).optional(),
});
export type NodeInstance = z.infer<typeof nodeInstanceSchema>;
export type Graph = z.infer<typeof graphSchema>;
export type Subgraph = z.infer<typeof subgraphSchema>;
export type Link = Graph['links'][number];
/** [node, port] */
export type LinkEnd = Link['from'];
/** What a document and its subgraphs have in common. */
export type GraphContent = Pick<Graph, 'nodes' | 'links'>;

/** One thing that is wrong, for people and for programs. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  /** The definition that `node` and `port` stand in, when it is wrong wherever it is used. */
  readonly subgraph?: string;
  /** Inside a subgraph: the way to it, `outer:inner`; in a repeated one with its round, `outer#2:inner`. */
  readonly node?: string;
  readonly port?: string;
  /** Which item of a list, from 0, where a node ran once for each. */
  readonly item?: readonly number[];
}
