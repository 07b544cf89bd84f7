// npm run parity:sd: what Facewright and diffusers compute with one Stable Diffusion 1.5 checkpoint at full size, case by case; writes docs/sd-parity.md. Exits with 1 when they differ by more than is tolerated.
import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { openTensorFile, readTensors } from '@facewright/weights';
import { circumstances, writeFormatted } from '../bench/report.ts';
import { openWorkplace, type Checkpoint } from './checkpoint.ts';
import { allCases, parityRequest, schedulerOf, skipsOf, unetCase, type Cases, type ParityRow } from './parity-cases.ts';
import { passes, pageOf } from './parity-page.ts';
import { openStudio } from './pipeline.ts';
import { commandLine } from './settings.ts';
import { startSide } from './side.ts';

const { values: options } = parseArgs({
  options: {
    checkpoint: { type: 'string' },
    /** Compares the U-Net of an inpainting checkpoint too, of which another 4.3 GB are written. */
    inpaint: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    out: { type: 'string', default: join(import.meta.dirname, '../..') },
  },
});
const python = process.env['FACEWRIGHT_PYTHON'];
if (python === undefined) {
  console.error(
    'parity:sd compares with diffusers: set FACEWRIGHT_PYTHON to a Python with torch, diffusers, transformers, peft and safetensors',
  );
  process.exit(1);
}

/** Latents of the U-Net call and the autoencoder; pixels of the guided walk and of the walks of all samplers. */
const sizes = { side: 64, drawn: 256, small: 128 };
const conditions = circumstances();
const workplace = await openWorkplace(options.keep);
const studio = await openStudio(join(workplace.folder, 'data'), 'cpu');
let versions: Readonly<Record<string, string>> = {};

async function compareWith(name: string, checkpoint: Checkpoint, cases: (given: Cases) => Promise<ParityRow[]>): Promise<ParityRow[]> {
  const handle = await studio.load('facewright/load-diffusion', { path: checkpoint.path, prediction: 'auto' });
  const folder = join(workplace.folder, name);
  await mkdir(folder);
  const request = {
    ...parityRequest,
    ...sizes,
    ...checkpoint,
    folder,
    name,
    threads: availableParallelism(),
    skips: skipsOf(handle),
    scheduler: schedulerOf(handle),
    only_unet: cases === inpainting,
  };
  console.log(`diffusers: ${name}`);
  const side = await startSide(python!, [join(import.meta.dirname, 'diffusers_parity.py'), JSON.stringify(request)]);
  try {
    versions = await side.ask('compute');
  } finally {
    await side.close();
  }
  const reference = await readTensors((await openTensorFile(join(folder, `${name}.safetensors`))).tensors);
  return cases({
    studio,
    handle,
    reference,
    folder,
    log: (row) =>
      console.log(
        `  ${row.name}: ${row.relative.toExponential(1)} of the deviation (tolerance ${row.tolerance})${passes(row) ? '' : ' FAILED'}`,
      ),
  });
}
const inpainting = (given: Cases) => unetCase(given, 'U-Net of 9 channels (inpainting)');

try {
  const rows = await compareWith('sd15', await workplace.checkpoint(options.checkpoint), allCases);
  if (options.inpaint) rows.push(...(await compareWith('inpainting', await workplace.checkpoint(undefined, true), inpainting)));
  const failed = rows.filter((row) => !passes(row)).length;
  const page = pageOf(rows, {
    ...conditions,
    versions: { ...conditions.versions, ...versions },
    checkpoint: (options.checkpoint && basename(options.checkpoint)) ?? 'a single file of random float32 weights, made for the run',
    command: commandLine('parity:sd'),
  });
  const file = join(resolve(options.out), 'docs/sd-parity.md');
  await writeFormatted(file, page);
  console.log(`\n${file} is written; ${failed === 0 ? 'every case is within its tolerance' : `${failed} case(s) beyond their tolerance`}`);
  process.exitCode = failed === 0 ? 0 : 1;
} finally {
  await studio.close();
  workplace.close();
}
