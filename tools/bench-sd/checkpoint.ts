// The checkpoint that both sides of a comparison open: given, or one of random weights made for the run.
import { existsSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { writeConfigFolder } from './config-folder.ts';
import { checkpointShapes, writeRandomWeights } from './random-checkpoint.ts';

export interface Checkpoint {
  /** A file, or a folder in the diffusers layout. */
  readonly path: string;
  /** What diffusers wants beside a file. */
  readonly configs: string;
}

export interface Workplace {
  /** A temporary folder. */
  readonly folder: string;
  checkpoint(given: string | undefined, inpainting?: boolean): Promise<Checkpoint>;
  /** Removes the folder, unless it is to be kept. So do Ctrl-C and a kill: nobody wants to find gigabytes there later. */
  close(): void;
}

export async function openWorkplace(keep: boolean): Promise<Workplace> {
  const folder = await mkdtemp(join(tmpdir(), 'facewright-sd-'));
  const close = () => {
    if (keep) console.log(`kept: ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  };
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.once(signal, () => {
      close();
      process.exit(1);
    });
  return {
    folder,
    async checkpoint(given, inpainting = false) {
      const name = inpainting ? 'inpainting' : 'sd15';
      const configs = join(folder, `${name}-configs`);
      await writeConfigFolder(configs, inpainting);
      if (given !== undefined) {
        if (!existsSync(given))
          throw new Error(`--checkpoint: expected a file or a folder in the diffusers layout, got nothing at ${given}`);
        return { path: resolve(given), configs };
      }
      const path = join(folder, `${name}.safetensors`);
      console.log(`writing 4.3 GB of random weights: ${path}`);
      await writeRandomWeights(path, checkpointShapes(inpainting), inpainting ? 2 : 1);
      return { path, configs };
    },
    close,
  };
}
