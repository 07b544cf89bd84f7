// The graph document: what is saved, sent and validated. Slots and values are named, never positional.
import { z } from 'zod';

export const nodeInstanceSchema = z.strictObject({
  type: z.string().regex(/^[^/\s]+\/[^/\s]+$/),
  /** The version of the node type that the values were saved with. */
  version: z.number().int().positive(),
  title: z.string().optional(),
  /** Values typed by a person, by input name; a link takes precedence. */
  values: z.record(z.string(), z.unknown()).default({}),
  /** Left top corner in the editor, in canvas units. */
  position: z.tuple([z.number(), z.number()]).optional(),
  size: z.tuple([z.number(), z.number()]).optional(),
});
/** [node, port] */
const endSchema = z.tuple([z.string(), z.string()]);
export const graphSchema = z.strictObject({
  facewright: z.literal(1),
  name: z.string().default('Untitled'),
  description: z.string().default(''),
  nodes: z.record(z.string().regex(/^[\w-]+$/), nodeInstanceSchema),
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
});
export type NodeInstance = z.infer<typeof nodeInstanceSchema>;
export type Graph = z.infer<typeof graphSchema>;
export type Link = Graph['links'][number];

/** One thing that is wrong, for people and for programs. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly node?: string;
  readonly port?: string;
}
