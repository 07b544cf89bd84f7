// facewright models list | inspect | pull | catalogue.
import { fileSizeText } from '@facewright/core';
import {
  inspectModel,
  listModels,
  modelCatalogue,
  modelRoots,
  sha256OfFile,
  type CatalogueEntry,
  type ModelFile,
  type ModelReport,
} from '@facewright/model-library';
import type { Command, Option } from 'commander';
import { resolve } from 'node:path';
import { existsSync } from 'node:fs';
import { columns, count } from './columns.ts';
import { pullCommand, type PullOptions } from './pull-command.ts';
import { createTransferView } from './transfer-view.ts';

export interface ModelCommands {
  readonly program: Command;
  /** The option --models. */
  readonly models: Option;
  command(work: () => Promise<number>): Promise<void>;
  print(text: string): void;
}

export function addModelCommands({ program, models, command, print }: ModelCommands): void {
  const group = program.command('models').description('lists, inspects and downloads models');
  const json = (value: unknown) => print(JSON.stringify(value));

  group
    .command('list')
    .description('lists what is in the models folders')
    .addOption(models)
    .option('--json', 'prints the list as JSON')
    .action((options: { models: string[]; json?: boolean }) =>
      command(async () => {
        const roots = modelRoots(options.models);
        const found = await listModels(roots);
        if (options.json) json({ models: found, folders: roots });
        else print(found.length > 0 ? listText(found) : `No models in ${roots.join(', ')}; name another folder with --models DIR.`);
        return 0;
      }),
    );

  group
    .command('inspect')
    .description('says what a model file or folder is, what it holds and what is wrong with it')
    .argument('<file>', 'a path, or one as graphs write it: checkpoints/NAME')
    .addOption(models)
    .option('--json', 'prints all of it as JSON')
    .option('--sha256', 'computes the SHA-256 of the file too')
    .action((file: string, options: { models: string[]; json?: boolean; sha256?: boolean }) =>
      command(async () => {
        const places = [file, ...modelRoots(options.models).map((root) => resolve(root, file))];
        const report = await inspectModel(places.find((place) => existsSync(place)) ?? file);
        const view = createTransferView(process.stderr);
        const sha256 =
          options.sha256 && report.format !== 'folder'
            ? await sha256OfFile(report.path, { onProgress: (done) => view.show({ phase: 'verify', done, total: report.bytes }) })
            : null;
        view.end();
        if (options.json) json({ ...report, ...(sha256 && { sha256 }) });
        else print(reportText(report, sha256));
        return report.problems.length > 0 ? 1 : 0;
      }),
    );

  group
    .command('pull')
    .description('downloads a model of the catalogue, or a file from an address, into the first models folder')
    .argument('<name-or-url>', 'a name of `facewright models catalogue`, or an http or https address')
    .addOption(models)
    .option('--to <folder>', 'folder of the models folder, such as loras; the catalogue knows its own')
    .option('--sha256 <hex>', 'what the SHA-256 of the file must be')
    .option(
      '--allow-host <host>',
      'a host of this network, such as a mirror, that may be asked, also without encryption; may be repeated',
      (host: string, before: readonly string[]) => [...before, host],
      [],
    )
    .option('--accept-unverified', 'takes a file whose SHA-256 nobody states, and prints the one it has')
    .action((name: string, options: PullOptions) => command(() => pullCommand(name, options, { print, screen: process.stderr })));

  group
    .command('catalogue')
    .description('lists the models that pull knows by name')
    .option('--json', 'prints the catalogue as JSON')
    .action((options: { json?: boolean }) =>
      command(() => {
        if (options.json) json({ models: modelCatalogue });
        else print(catalogueText(modelCatalogue));
        return Promise.resolve(0);
      }),
    );
}

const listText = (found: readonly ModelFile[]): string =>
  columns(
    ['folder', 'name', 'size', 'kind'],
    found.map(({ folder, path, bytes, kind }) => [folder, path, fileSizeText(bytes), kind]),
  );

const catalogueText = (entries: readonly CatalogueEntry[]): string =>
  columns(
    ['name', 'title', 'folder', 'size', 'checked', 'licence', 'source'],
    entries.map((entry) => [
      entry.name,
      entry.title,
      entry.folder,
      entry.bytes === null ? 'unknown' : fileSizeText(entry.bytes),
      entry.sha256 === null ? 'no hash' : 'SHA-256',
      entry.licence,
      entry.source,
    ]),
  );

function reportText(report: ModelReport, sha256: string | null): string {
  const { path, format, bytes, title, why, parts, lacks, ema, lora, problems } = report;
  const lines = [path, `  ${title} (${why})`, `  ${format}, ${fileSizeText(bytes)}`];
  const of = (dtypes: Readonly<Record<string, number>>) =>
    Object.keys(dtypes).length === 1
      ? Object.keys(dtypes).join()
      : Object.entries(dtypes)
          .map(([dtype, parameters]) => `${dtype} ${count(parameters)}`)
          .join(', ');
  if (parts.length > 0)
    lines.push(
      columns(
        ['part', 'tensors', 'parameters', 'element types'],
        parts.map((part) => [part.name, String(part.tensors || ''), part.parameters ? count(part.parameters) : '', of(part.dtypes)]),
      ).replace(/^/gm, '  '),
    );
  if (lacks.length > 0) lines.push(`  not in this file: ${lacks.join(', ')}`);
  if (ema) lines.push('  the averaged weights (EMA) are not used; a file without them draws the same and is smaller');
  if (lora) {
    lines.push(`  rank ${lora.ranks.join(', ') || 'unknown'}, alpha ${lora.alphas.join(', ') || 'not stored, so as the rank'}`);
    if (lora.base) lines.push(`  trained on ${lora.base}`);
    if (lora.words.length > 0) lines.push(`  words: ${lora.words.join(', ')}`);
  }
  if (sha256) lines.push(`  SHA-256 ${sha256}`);
  if (problems.length > 0) lines.push(`  ${problems.length} problem(s):`, ...problems.map((problem) => `    ${problem}`));
  return lines.join('\n');
}
