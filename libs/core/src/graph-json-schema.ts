// The published JSON Schema of the graph document (docs/graph.schema.json), for other tools and for editors with completion.
import { z } from 'zod';
import { graphSchema } from './graph.ts';

/** Draft 2020-12, of the document as it may be written: keys with defaults are optional. */
export const graphJsonSchema = (): Record<string, unknown> => ({
  ...z.toJSONSchema(graphSchema, { io: 'input' }),
  title: 'Facewright graph',
  description: 'Nodes by id, links from [node, output] to [node, input], values by input name.',
});
