// Writes docs/graph.schema.json, the published form of the graph document.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { graphJsonSchema } from '@facewright/core';

writeFileSync(join(import.meta.dirname, '../docs/graph.schema.json'), `${JSON.stringify(graphJsonSchema(), null, 2)}\n`);
