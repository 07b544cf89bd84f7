// Coded errors of the command line.
import { defineErrors } from '@facewright/tensor';

export const err = defineErrors('CLI', {
  BAD_SET: (text: string) => `--set ${text}: expected NODE.INPUT=VALUE`,
  BAD_SET_VALUE: (want: string, got: string) => `expected ${want}, got ${got}`,
  BAD_GATE: (text: string) =>
    `--gate ${text}: expected METRIC[.low|.high][:VARIANT] with >=, >, <= or < and a number, such as FaceScore>=+0.1`,
  GATE_METRIC: (text: string, known: readonly string[]) => `--gate ${text}: expected one of the metrics ${known.join(', ')}`,
  GATE_REPORT: (text: string) => `--gate ${text}: expected a graph that ends in an evaluator, got one without a report`,
  NO_BATCH: (folder: string, why: string) => `${folder}/batch.json: expected what facewright batch wrote there, got ${why}`,
  OUT_TAKEN: (folder: string, batch: string) =>
    `--out ${folder}: expected a folder without results, got the one of batch ${batch}; --resume goes on with it`,
  NO_TEMPLATE: () => 'graph: expected a graph document, or --resume with a batch, got neither',
  NO_RUN: (id: string, why: string) => `run ${id}: expected the beginning of one id, got ${why}`,
  NO_LOCK: (path: string, why: string) => `lock ${path}: expected a readable file, got ${why}`,
  NO_FILE: (path: string, why: string) => `graph ${path}: expected a readable file, got ${why}`,
  BAD_OPTION: (name: string, want: string, got: string) => `--${name}: expected ${want}, got ${got}`,
  NO_SERVER: (url: string, why: string) => `server ${url}: expected an answer, got ${why}`,
  TOKEN: (url: string, variable: string, got: string) => `server ${url}: expected a token of it in ${variable}, got ${got}`,
  SERVER_ANSWER: (url: string, status: number) => `server ${url}: expected the Facewright API, got status ${status} without problems`,
});
