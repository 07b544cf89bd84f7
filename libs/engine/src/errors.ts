// Coded errors of planning and execution, and of the I/O that a host gives to nodes.
import { defineErrors } from '@facewright/tensor';

export const err = defineErrors('ENGINE', {
  NODE_FAILED: (why: string, inputs: string) => `expected the node to finish, got ${why} (inputs: ${inputs})`,
  LOAD_FAILED: (why: string) => `code: expected a module that exports run, got ${why}`,
  NOT_OUTPUTS: (want: readonly string[], got: string) =>
    `outputs: expected an object with ${want.length === 0 ? 'nothing' : want.join(', ')}, got ${got}`,
  NOT_DATA: (path: string, got: string) => `${path}: expected plain data, got ${got}`,
  UNREADABLE_PATH: (path: string, why: string) => `path ${path}: expected to read what it names, got ${why}`,
  NEEDS: (got: string) => `needs: expected the names of lazy inputs, got ${got}`,
  EXPANSION: (want: string) => `expansion: expected ${want}`,
  RUN_FAILED: (why: string) => `run: expected the engine and its stores to work, got ${why}`,
  BAD_CHECKPOINT: (why: string) => `checkpoint: expected one that is whole, got ${why}`,
  // Hosts throw these from a node's context.
  MISSING_ASSET: (id: string) => `asset ${id}: expected it in the store, got nothing`,
  MISSING_FILE: (path: string) => `file ${path}: expected a readable file, got none`,
  MISSING_FOLDER: (path: string) => `folder ${path}: expected a readable folder, got none`,
  BAD_IMAGE: (name: string, why: string) => `image ${name}: expected a picture that can be decoded, got ${why}`,
  MISSING_JUDGING: (name: string, known: readonly string[]) =>
    `judging task ${name}: expected ${known.length === 0 ? 'a Judgement set node that has run' : `one of ${known.join(', ')}`}, got none of that name`,
  JUDGING_CHANGED: (name: string, votes: number) =>
    `judging task ${name}: expected the sets that were judged already (${votes} votes), got other pictures; choose another name, or delete the task`,
  OUTSIDE_FOLDER: (name: string) =>
    `file ${name.slice(0, 100)}: expected a name inside the run's output folder that every system can keep, got one that leaves it or cannot be kept`,
  WRITTEN_ALREADY: (name: string, node: string) =>
    `file ${name.slice(0, 100)}: expected a name that nothing else in the run writes, got one that node ${node} has written; give each a name of its own, and collect the items of a list before they are saved`,
});
