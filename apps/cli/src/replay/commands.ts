// facewright verify and facewright replay: is what a lock file names here, and does its run give the same again?
import { readFile } from 'node:fs/promises';
import { parseRunLock, type RunEvent, type RunLock } from '@facewright/core';
import { compareLocks, type Difference } from '@facewright/engine';
import { modelRoots } from '@facewright/model-library';
import { chooseProvider, createRuntime, parseMemory, type ProviderChoice } from '@facewright/runtime';
import { loadNodes, openDataFolder } from '@facewright/server';
import type { Command, Option } from 'commander';
import { err } from '../errors.ts';
import { ProblemList } from '../problem-list.ts';
import { createProgressView } from '../progress-view.ts';
import type { ComparedOutput } from './compare-outputs.ts';
import { replayRun } from './replay-run.ts';
import { verifyLock, type Verified } from './verify-lock.ts';

/** Something differs that decides about results. */
const DIFFERS = 4;

export interface ReplayCommands {
  readonly program: Command;
  readonly options: { readonly data: Option; readonly models: Option; readonly memory: Option; readonly nodes: Option };
  /** Runs the work of a command, shows its problems, sets the exit code. */
  command(work: () => Promise<number>): Promise<void>;
  print(text: string): void;
  /** On stderr. */
  complain(text: string): void;
}

/** Throws CLI_NO_LOCK or a ProblemList. */
export async function readLock(path: string): Promise<RunLock> {
  const text = await readFile(path, 'utf8').catch((cause: Error) => {
    throw err.NO_LOCK(path, cause.message);
  });
  const { lock, problems } = parseRunLock(text);
  if (!lock) throw new ProblemList(problems);
  return lock;
}

interface Options {
  readonly data: string;
  readonly models: string[];
  readonly nodes?: string;
  readonly json?: boolean;
  readonly provider?: ProviderChoice;
}

export function addReplayCommands({ program, options, command, print, complain }: ReplayCommands): void {
  const json = (value: unknown) => print(JSON.stringify(value));

  program
    .command('verify')
    .description(
      `says whether this machine holds what the lock file of a run names, and which factors differ; exit code ${DIFFERS} when one that decides does`,
    )
    .argument('<lock>', 'run.lock.json, as facewright run and GET /runs/{id}/lock write it')
    .option('--against <lock>', 'compares with another lock file instead of with this machine')
    .option('--provider <name>', "what computes; default: the lock's")
    .option('--json', 'prints differences as JSON')
    .addOption(options.data)
    .addOption(options.models)
    .addOption(options.nodes)
    .action((path: string, given: Options & { against?: string }) =>
      command(async () => {
        const lock = await readLock(path);
        const verified: Verified =
          given.against === undefined
            ? await verifyHere(lock, given)
            : { problems: [], differences: compareLocks(lock, await readLock(given.against)), notStored: 0, whole: 0 };
        const { problems, differences, whole, notStored } = verified;
        if (given.json) json(verified);
        else {
          problems.forEach(({ message }) => print(message));
          showDifferences(differences, print);
          if (whole > 0) print(`${whole} stored outputs are whole`);
          if (notStored > 0) print(`${notStored} outputs are not in this data folder: a replay can say that they differ, not by how much`);
          if (problems.length === 0 && !differences.some(({ decides }) => decides)) print('Nothing that decides about results differs');
        }
        return problems.length > 0 || differences.some(({ decides }) => decides) ? DIFFERS : 0;
      }),
    );

  program
    .command('replay')
    .description(`runs the graph of a lock file again and compares the outputs; exit code ${DIFFERS} when they differ`)
    .argument('<lock>', 'run.lock.json')
    .option('--fresh', 'computes everything, also what is stored')
    .option('--out <dir>', 'where nodes write files; default: runs/ of the data folder')
    .option('--provider <name>', "what computes; default: the lock's")
    .option('--json', 'prints what differs as JSON')
    .addOption(options.memory)
    .addOption(options.data)
    .addOption(options.models)
    .addOption(options.nodes)
    .action((path: string, given: Options & { fresh?: boolean; out?: string; memory: string }) =>
      command(async () => {
        const lock = await readLock(path);
        const catalogue = await loadNodes(given.nodes);
        const data = openDataFolder(given.data, modelRoots(given.models));
        const cancel = new AbortController();
        for (const name of ['SIGINT', 'SIGTERM'] as const)
          process.on(name, () => {
            if (cancel.signal.aborted) process.exit(130);
            cancel.abort();
          });
        try {
          const runtime = await createRuntime({
            provider: given.provider ?? (lock.provider as ProviderChoice),
            memory: parseMemory(given.memory),
            linkFolder: data.linkFolder,
            log: complain,
          });
          try {
            const verified = await verifyLock(lock, catalogue, data, runtime);
            if (verified.problems.length > 0) throw new ProblemList(verified.problems);
            if (!given.json) showDifferences(verified.differences, print);
            const view = createProgressView(process.stderr);
            const { outputs, differences, stored } = await replayRun({
              lock,
              catalogue,
              data,
              runtime,
              fresh: given.fresh ?? false,
              out: given.out,
              show: (event: RunEvent) => view(event),
              signal: cancel.signal,
            });
            if (given.json) json({ differences: [...verified.differences, ...differences], outputs, stored });
            else {
              showDifferences(differences, print);
              outputs.forEach((output) => print(outputLine(output)));
              if (stored > 0) print(`${stored} results were taken from the store; --fresh computes them again`);
            }
            return outputs.every(({ exact }) => exact) ? 0 : DIFFERS;
          } finally {
            await runtime.dispose();
          }
        } finally {
          data.close();
        }
      }),
    );

  async function verifyHere(lock: RunLock, { data: folder, models, nodes, provider }: Options): Promise<Verified> {
    const catalogue = await loadNodes(nodes);
    const data = openDataFolder(folder, modelRoots(models));
    try {
      // One that does not open here is a difference, not the end.
      const chosen = await chooseProvider(provider ?? (lock.provider as ProviderChoice)).catch((cause: Error) => ({
        provider: 'none',
        description: cause.message,
      }));
      return await verifyLock(lock, catalogue, data, chosen);
    } finally {
      data.close();
    }
  }
}

function showDifferences(differences: readonly Difference[], print: (text: string) => void): void {
  for (const { message, decides } of differences) print(`${decides ? 'differs' : 'note   '} ${message}`);
}

export function outputLine({ node, output, exact, psnr, largest, other }: ComparedOutput): string {
  const how = [
    ...(psnr === null ? [] : [`pictures at ${psnr.toFixed(1)} dB PSNR or more`]),
    ...(largest === null ? [] : [`numbers by at most ${largest.toPrecision(3)}`]),
    ...other,
  ];
  return `${exact ? 'same   ' : 'differs'} ${node}.${output}${exact ? ': bit-exact' : `: ${how.join('; ')}`}`;
}
