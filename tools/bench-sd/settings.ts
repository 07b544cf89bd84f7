// What both sides of the benchmark are told.
import { basename, isAbsolute } from 'node:path';
import type { ProviderChoice } from '@facewright/runtime';

export interface Settings {
  /** A checkpoint file, or a folder in the diffusers layout. */
  readonly path: string;
  /** Configurations and tokenizer for diffusers, see config-folder.ts. */
  readonly configs: string;
  readonly provider: ProviderChoice;
  readonly threads: number;
  /** Side of the pictures in pixels. */
  readonly size: number;
  /** Of the whole picture. */
  readonly steps: number;
  readonly prompt: string;
  readonly negative: string;
  readonly guidance: number;
}

/** What is timed in an open pipeline. */
export const parts = ['text', 'unet', 'decode', 'encode'] as const;
export type PartName = (typeof parts)[number];

/** The command as others would type it: where files lie on this machine is nobody's business. */
export const commandLine = (script: string): string =>
  [
    `npm run ${script}`,
    ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2).map((word) => (isAbsolute(word) ? basename(word) : word))] : []),
  ].join(' ');
