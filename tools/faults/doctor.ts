// facewright doctor as a user runs it.
import { execFile } from 'node:child_process';

export interface Diagnosis {
  /** 0: healthy. */
  readonly code: number;
  readonly text: string;
}
export const doctor = (data: string, ...options: readonly string[]): Promise<Diagnosis> =>
  new Promise((resolve) => {
    execFile('facewright', ['doctor', '--data', data, ...options], (error, out, err) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, text: `${out}${err}` }),
    );
  });
