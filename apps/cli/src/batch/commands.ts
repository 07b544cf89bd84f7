// facewright batch and its subcommands, as the program offers them.
import { modelRoots } from '@facewright/model-library';
import { parseMemory, type ProviderChoice } from '@facewright/runtime';
import { createLog } from '@facewright/server';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { gateTable } from '../gates/gate-table.ts';
import { batchCommand } from './batch-command.ts';
import type { BatchDesk } from './batch-desk.ts';
import { checkLines, createBatchView } from './batch-view.ts';
import { openLocalDesk } from './local-desk.ts';
import { openRemoteDesk } from './remote-desk.ts';

interface Shared {
  readonly program: Command;
  readonly models: Option;
  readonly provider: Option;
  readonly memory: Option;
  readonly nodes: Option;
  command(work: () => Promise<number>): Promise<void>;
  print(text: string): void;
  complain(text: string): void;
}
interface DeskOptions {
  readonly server?: string;
  readonly dataFolder: string;
  readonly models?: readonly string[];
  readonly provider?: ProviderChoice;
  readonly memory?: string;
  readonly nodes?: string;
}

const collect = (value: string, before: readonly string[]) => [...before, value];
function count(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError(`expected a whole number from 1, got ${text}`);
  return Number(text);
}

const openDesk = ({ server, dataFolder, models = [], provider = 'auto', memory = 'auto', nodes }: DeskOptions): Promise<BatchDesk> =>
  server !== undefined
    ? openRemoteDesk(server)
    : openLocalDesk({
        dataFolder,
        models: modelRoots(models),
        provider,
        memory: parseMemory(memory),
        nodes,
        log: createLog({ level: 'warn', terminal: process.stderr.isTTY }),
      });

export function addBatchCommands({ program, models, provider, memory, nodes, command, print, complain }: Shared): void {
  const dataFolder = new Option('--data-folder <dir>', 'folder for results, assets and the ledger of batches').default('.facewright');
  const server = new Option(
    '--server <url>',
    'runs on a server instead of in a worker of this command; its token is taken from FACEWRIGHT_TOKEN',
  );
  const batch = program
    .command('batch')
    // --data of `append` is its own.
    .enablePositionalOptions()
    .description('runs a graph over the rows of a file; exit code 2 when rows failed, 3 when a gate did not hold, 130 when it was paused')
    .argument('[graph]', 'graph document, JSON; not needed with --resume')
    .option('--data <file>', 'rows: .csv, .tsv, .jsonl, or a folder of pictures (columns file and name)')
    .option(
      '--map <COLUMN=NODE.INPUT>',
      'which input a column sets; columns called like an input need none; nothing after = leaves the column out; may be repeated',
      collect,
      [],
    )
    .option(
      '--matrix <NODE.INPUT=VALUES>',
      'every row with each of these values: 10,20,30 or 1..5 or 0..1..0.25; may be repeated',
      collect,
      [],
    )
    .option('--runs <number>', 'runs every row so often, with seeds that count up', count, 1)
    .option('--set <NODE.INPUT=VALUE>', 'a value of the graph; may be repeated', collect, [])
    .option('--name <text>', 'what the batch is called')
    .option('--out <dir>', 'folder for the files of rows, results.csv and results.jsonl')
    .option('--resume [batch]', 'goes on with the batch of the --out folder, or with this one; begins where there is none')
    .option('--retry-failed', 'runs rows that failed again')
    .option('--stop-after-errors <number>', 'stops when so many rows have failed', count)
    .option(
      '--gate <CONDITION>',
      "a condition on the mean over all rows, such as 'Face Score>=0.4', or on every row, 'each Face Score>=0.2'; may be repeated",
      collect,
      [],
    )
    .option('--dry-run', 'says what would be run, how long it takes and everything that is wrong')
    .option('--detach', 'leaves the batch to the server and ends')
    .option('--json', 'prints rows and the end as JSON, one a line')
    .addOption(server)
    .addOption(dataFolder)
    .addOption(models)
    .addOption(provider)
    .addOption(memory)
    .addOption(nodes);
  batch.action(
    (
      graph: string | undefined,
      options: DeskOptions & {
        data?: string;
        map: string[];
        matrix: string[];
        runs: number;
        set: string[];
        name?: string;
        out?: string;
        resume?: string | true;
        retryFailed?: boolean;
        stopAfterErrors?: number;
        gate: string[];
        dryRun?: boolean;
        detach?: boolean;
        json?: boolean;
      },
    ) =>
      command(() => {
        const cancel = new AbortController();
        for (const name of ['SIGINT', 'SIGTERM'] as const)
          process.on(name, () => {
            if (cancel.signal.aborted) process.exit(130);
            cancel.abort();
            complain('\nPauses: the row at work stops, all before it is kept; once more ends at once.');
          });
        const view = createBatchView(process.stderr);
        const json = (value: object) => print(JSON.stringify(value));
        return batchCommand({
          template: graph,
          settings: options.set,
          data: options.data,
          map: options.map,
          matrix: options.matrix,
          runs: options.runs,
          name: options.name,
          out: options.out,
          resume: options.resume,
          retryFailed: options.retryFailed ?? false,
          stopAfterErrors: options.stopAfterErrors,
          gates: options.gate,
          dryRun: options.dryRun ?? false,
          detach: options.detach ?? false,
          signal: cancel.signal,
          open: (place) => openDesk(options.server === undefined && place ? { ...options, ...place } : options),
          show: {
            progress: (summary, activity) => {
              if (!options.json) view.progress(summary, activity);
            },
            row: (record) => (options.json ? json({ type: 'row', ...record }) : view.row(record)),
            end: (summary) => (options.json ? json({ type: 'batch', ...summary }) : view.end(summary)),
            gates: (results) =>
              options.json
                ? json({ type: 'gates', passed: results.every(({ passed }) => passed), gates: results })
                : print(gateTable(results, process.stdout.isTTY)),
            check: (check) => (options.json ? json(check) : checkLines(check).forEach(print)),
            say: (text) => (options.json ? undefined : print(text)),
          },
        });
      }),
  );

  batch
    .command('append')
    .description('adds rows to a batch, also while it runs on a server; they need the columns that it has')
    .argument('<batch>', 'id of the batch')
    .requiredOption('--data <file>', 'rows: .csv, .tsv, .jsonl, or a folder of pictures')
    .addOption(server)
    .addOption(dataFolder)
    .addOption(nodes)
    .action((id: string, options: DeskOptions & { data: string }) =>
      command(async () => {
        const desk = await openDesk(options);
        try {
          const { data, base } = await desk.data(options.data);
          const { count } = await desk.append(id, data, base);
          print(`Batch ${id} has ${count} rows now`);
          return 0;
        } finally {
          await desk.close();
        }
      }),
    );
  batch
    .command('list')
    .description('lists the batches, newest first')
    .addOption(server)
    .addOption(dataFolder)
    .addOption(nodes)
    .action((options: DeskOptions) =>
      command(async () => {
        const desk = await openDesk(options);
        try {
          for (const { id, name, status, done, failed, count } of await desk.list())
            print(`${id}  ${status.padEnd(9)}  ${done + failed}/${count}${failed > 0 ? ` (${failed} failed)` : ''}  ${name}`);
          return 0;
        } finally {
          await desk.close();
        }
      }),
    );
}
