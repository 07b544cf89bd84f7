// facewright storage | gc | doctor | backup | restore: what the data folder takes, freeing room, finding and mending damage, copies.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileSizeText, type GarbageReport, type StorageFinding, type StorageUse } from '@facewright/core';
import {
  backUp,
  checkBackup,
  collectGarbage,
  err as serverErr,
  examine,
  measureStorage,
  openDataFolder,
  restore,
  type DataFolder,
} from '@facewright/server';
import type { Command, Option } from 'commander';
import { columns, count } from '../models/columns.ts';
import { createTransferView } from '../models/transfer-view.ts';
import { parseSize } from './parse-size.ts';

export interface StorageCommands {
  readonly program: Command;
  /** The option --data. */
  readonly data: Option;
  command(work: () => Promise<number>): Promise<void>;
  print(text: string): void;
}

/** Throws SERVER_NO_SUCH: a name that was mistyped is not to become an empty folder, and an empty backup. */
const inFolder = async <T>(folder: string, work: (data: DataFolder) => Promise<T>): Promise<T> => {
  if (!existsSync(join(folder, 'facewright.sqlite'))) throw serverErr.NO_SUCH('data folder', resolve(folder));
  const data = openDataFolder(folder);
  try {
    return await work(data);
  } finally {
    data.close();
  }
};

export function addStorageCommands({ program, data, command, print }: StorageCommands): void {
  program
    .command('storage')
    .description('says how much room what takes in the data folder')
    .addOption(data)
    .option('--json', 'prints it as JSON')
    .action((options: { data: string; json?: boolean }) =>
      command(async () => {
        const use = await inFolder(options.data, (folder) => measureStorage(folder));
        print(options.json ? JSON.stringify(use) : useText(use));
        return 0;
      }),
    );

  program
    .command('gc')
    .description('removes what nothing refers to, and above a limit the results that were used longest ago; runs and what they made stay')
    .option('--keep <size>', 'how much results, their assets and checkpoints may take, e.g. 20GB; default: no limit')
    .option('--dry-run', 'only says what would be removed')
    .option('--json', 'prints the amounts as JSON')
    .addOption(data)
    .action((options: { keep?: string; dryRun?: boolean; json?: boolean; data: string }) =>
      command(async () => {
        const keep = options.keep === undefined ? undefined : parseSize('keep', options.keep);
        const dryRun = options.dryRun ?? false;
        const report = await inFolder(options.data, (folder) => collectGarbage(folder, { dryRun, ...(keep !== undefined && { keep }) }));
        print(options.json ? JSON.stringify(report) : garbageText(report, dryRun));
        return 0;
      }),
    );

  program
    .command('doctor')
    .description('looks for what is damaged, missing or left over in the data folder; exit code 1 when something is')
    .option('--repair', 'mends what can be mended; damaged files are put into quarantine/, none is deleted; no server may run')
    .option('--json', 'prints one finding a line')
    .addOption(data)
    .action((options: { repair?: boolean; json?: boolean; data: string }) =>
      command(async () => {
        const repair = options.repair ?? false;
        const findings = await watched((onProgress) => examine(options.data, { repair, onProgress }));
        for (const finding of findings) print(options.json ? JSON.stringify(finding) : findingText(finding));
        const open = findings.filter(({ repaired }) => repaired === null).length;
        if (!options.json) print(closingText(findings.length, open, repair));
        return open === 0 ? 0 : 1;
      }),
    );

  program
    .command('backup')
    .description('copies the data folder into another, also while a server works in it; again into the same one copies only what is new')
    .argument('<dir>', 'an empty folder, or one with an earlier backup')
    .option('--check', 'reads an existing backup instead, and says what is damaged or missing in it')
    .addOption(data)
    .action((dir: string, options: { check?: boolean; data: string }) =>
      command(async () => {
        if (options.check) {
          const { files, bytes, created } = await watched((onProgress) => checkBackup(dir, onProgress));
          print(`The backup of ${created} is whole: ${count(files)} files, ${fileSizeText(bytes)}.`);
          return 0;
        }
        const { files, bytes, kept, damaged } = await watched((onProgress) =>
          inFolder(options.data, (folder) => backUp(folder, dir, onProgress)),
        );
        print(`${count(files)} files, ${fileSizeText(bytes)}; ${count(kept)} of them were there already.`);
        for (const name of damaged) print(`${name}: damaged in the data folder and left out; see facewright doctor`);
        return damaged.length === 0 ? 0 : 1;
      }),
    );

  program
    .command('restore')
    .description('makes a data folder of a backup, after every file has been held against its digest')
    .argument('<dir>', 'a folder that facewright backup wrote')
    .option('--replace', 'moves a data folder that is there aside instead of refusing')
    .addOption(data)
    .action((dir: string, options: { replace?: boolean; data: string }) =>
      command(async () => {
        const { files, bytes, created, moved } = await watched((onProgress) =>
          restore(dir, options.data, { replace: options.replace ?? false, onProgress }),
        );
        print(`Restored ${count(files)} files, ${fileSizeText(bytes)}, as of ${created}.`);
        if (moved !== null) print(`What was there is now ${moved}`);
        return 0;
      }),
    );
}

/** With a line that moves on a terminal. */
async function watched<T>(work: (onProgress: (done: number, total: number) => void) => Promise<T>): Promise<T> {
  const view = createTransferView(process.stderr);
  try {
    return await work((done, total) => {
      if (process.stderr.isTTY) view.show({ phase: 'verify', done, total });
    });
  } finally {
    view.end();
  }
}

function useText({ assets, results, checkpoints, runs, databases, quarantine, removable }: StorageUse): string {
  const rows = [
    ['pictures, models and other assets', count(assets.count), fileSizeText(assets.bytes)],
    ['stored results', count(results.count), fileSizeText(results.bytes)],
    ['checkpoints of unfinished work', count(checkpoints.count), fileSizeText(checkpoints.bytes)],
    ['runs, with the files they wrote', count(runs.count), fileSizeText(runs.bytes)],
    ['databases, with stored results', '', fileSizeText(databases)],
    ...(quarantine.count > 0 ? [['damaged files in quarantine/', count(quarantine.count), fileSizeText(quarantine.bytes)]] : []),
  ];
  return `${columns(['what', 'count', 'size'], rows)}\n\n${
    removable.count > 0
      ? `facewright gc would free ${fileSizeText(removable.bytes)}.`
      : 'Nothing is without use; facewright gc --keep SIZE drops what was used longest ago.'
  }`;
}

function garbageText({ results, assets, checkpoints, pieces, kept, over }: GarbageReport, dryRun: boolean): string {
  const rows = Object.entries({ results, assets, checkpoints, 'unfinished files': pieces })
    .filter(([, amount]) => amount.count > 0)
    .map(([what, amount]) => [what, count(amount.count), fileSizeText(amount.bytes)]);
  const lines = rows.length > 0 ? [columns([dryRun ? 'would be removed' : 'removed', 'count', 'size'], rows)] : ['Nothing to remove.'];
  lines.push(`What is kept takes ${fileSizeText(kept)}.`);
  if (over > 0)
    lines.push(
      `That is ${fileSizeText(over)} more than asked for: runs, judging tasks, saved graphs or batches refer to it, or it was used just now. Delete what is not needed, then try again.`,
    );
  return lines.join('\n');
}

const findingText = ({ place, problem, repaired }: StorageFinding): string =>
  `${place}: ${problem}${repaired === null ? '' : `\n  ${repaired}`}`;

function closingText(found: number, open: number, repair: boolean): string {
  if (found === 0) return 'The data folder is healthy.';
  if (open === 0) return 'All of it is mended.';
  return repair ? `${open} of ${found} cannot be mended.` : `${found} found; facewright doctor --repair mends what can be mended.`;
}
