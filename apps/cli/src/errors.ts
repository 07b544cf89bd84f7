// Coded errors of the command line.
import { defineErrors } from '@facewright/tensor';

export const err = defineErrors('CLI', {
  BAD_SET: (text: string) => `--set ${text}: expected NODE.INPUT=VALUE`,
  BAD_SET_VALUE: (want: string, got: string) => `expected ${want}, got ${got}`,
  NO_FILE: (path: string, why: string) => `graph ${path}: expected a readable file, got ${why}`,
  BAD_OPTION: (name: string, want: string, got: string) => `--${name}: expected ${want}, got ${got}`,
  NO_SERVER: (url: string, why: string) => `server ${url}: expected an answer, got ${why}`,
  SERVER_ANSWER: (url: string, status: number) => `server ${url}: expected the Facewright API, got status ${status} without problems`,
});
