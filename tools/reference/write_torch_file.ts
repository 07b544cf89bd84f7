// Writes the tensors of the writer's spec as a .pt file, for torch_written.py to read: node tools/reference/write_torch_file.ts FILE
import { writeFile } from 'node:fs/promises';
import { torchParts } from '@facewright/weights';
import { writtenExample } from '@facewright/weights/testing/written-example';

await writeFile(process.argv[2]!, torchParts(writtenExample));
