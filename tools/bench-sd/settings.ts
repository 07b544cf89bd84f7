// What both sides of the benchmark are told.
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
