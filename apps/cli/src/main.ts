// The command line: facewright serve | token | run | batch | queue | events | validate | nodes | explain | models | storage | gc | doctor | backup | restore.
import { describeNode, type Problem, type RunEvent } from '@facewright/core';
import { modelRoots, MODELS_VARIABLE } from '@facewright/model-library';
import { parseMemory, type ProviderChoice } from '@facewright/runtime';
import { checkGraph, createLog, loadNodes, logLevels, startServer, type LogLevel } from '@facewright/server';
import { Command, InvalidArgumentError, Option } from 'commander';
import { addBatchCommands } from './batch/commands.ts';
import { err } from './errors.ts';
import { explainCommand, explanationLines } from './explain-command.ts';
import { openLocalSource } from './local-source.ts';
import { gateTable } from './gates/gate-table.ts';
import { addReplayCommands } from './replay/commands.ts';
import { addModelCommands } from './models/commands.ts';
import { ProblemList, problemsOf } from './problem-list.ts';
import { createProgressView } from './progress-view.ts';
import { addQueueCommands } from './queue-commands.ts';
import { readGraph } from './read-graph.ts';
import { openRemoteSource } from './remote-source.ts';
import { runCommand } from './run-command.ts';
import { addTokenCommands } from './token-commands.ts';
import { addStorageCommands } from './storage/commands.ts';
import { parseSize } from './storage/parse-size.ts';

/** How long the run in progress may take when the server is told to end, ms; shorter than what service managers wait before they kill. */
const DRAIN_MS = 8000;

const print = (text: string) => {
  process.stdout.write(`${text}\n`);
};
const complain = (text: string) => {
  process.stderr.write(`${text}\n`);
};
const json = (value: unknown) => print(JSON.stringify(value));
// `facewright nodes | head` ends early, and that is fine.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

/** Prints whatever a command throws, one problem a line, and ends with exit code 1. */
const command = (work: () => Promise<number>) =>
  work().then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      const problems = problemsOf(error);
      for (const { message } of problems) complain(message);
      if (error instanceof ProblemList && error.count > problems.length) complain(`and ${error.count - problems.length} more`);
      process.exitCode = 1;
    },
  );
const showProblems = (problems: readonly Problem[], asJson: boolean) =>
  problems.forEach((problem) => (asJson ? json(problem) : print(problem.message)));

const PROVIDERS = ['auto', 'cpu', 'webgpu', 'null'];
const provider = new Option('--provider <name>', 'where models run; auto takes a GPU when there is one').choices(PROVIDERS).default('auto');
function providersOf(text: string): ProviderChoice[] {
  const names = text.split(',');
  const wrong = names.filter((name) => !PROVIDERS.includes(name));
  if (wrong.length > 0)
    throw new InvalidArgumentError(`expected some of ${PROVIDERS.join(', ')} with commas between, got ${wrong.join(', ')}`);
  return names as ProviderChoice[];
}
function positive(text: string): number {
  if (!(Number(text) > 0)) throw new InvalidArgumentError(`expected a number above 0, got ${text}`);
  return Number(text);
}
const memory = new Option('--memory <size>', 'how much memory open models may take, e.g. 6GB; auto: most of what is free').default('auto');
const data = new Option('--data <dir>', 'folder for results, assets and runs').default('.facewright');
const nodes = new Option('--nodes <module>', 'URL of a module that exports packages, instead of the built-in nodes').hideHelp();
const collect = (value: string, before: readonly string[]) => [...before, value];

const only = new Option(
  '--only <NODE,…>',
  'only what these nodes need, instead of all outputs; a subgraph stands for its outputs, a node inside is SUBGRAPH:NODE',
).argParser((text: string) =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean),
);
const models = new Option(
  '--models <dir>',
  `models folder, such as ComfyUI's; may be repeated; default: ${MODELS_VARIABLE}, then models of the working directory`,
)
  .argParser(collect)
  .default([], 'none');

const program = new Command('facewright')
  .description('A node-graph studio that scores, repairs and fine-tunes the faces a text-to-image model draws.')
  .version('0.1.0')
  // An option after a subcommand is the subcommand's.
  .enablePositionalOptions();

program
  .command('serve')
  .description('starts the server and the editor')
  .option('--port <number>', 'port; 0 takes any free one', '8288')
  .option('--host <address>', 'address to listen on; on another than 127.0.0.1 tokens are needed', '127.0.0.1')
  .option('--allow-host <name>', 'a name under which the server may be called, such as the one of a proxy; may be repeated', collect, [])
  .option(
    '--allow-path <dir>',
    'where tokens are needed: a folder that graphs may read, besides the models folders and what runs have written; may be repeated',
    collect,
    [],
  )
  .option('--require-token', 'asks for a token on 127.0.0.1 too, where other users of this machine could come in')
  .addOption(new Option('--log-level <level>', 'what is logged, on stderr').choices(logLevels).default('info'))
  .addOption(data)
  .addOption(models)
  .addOption(
    new Option('--provider <names>', 'where models run, a worker for each, e.g. cpu,cpu or webgpu,cpu; auto takes a GPU when there is one')
      .argParser(providersOf)
      .default(['auto'], 'auto'),
  )
  .addOption(memory)
  .option('--recycle-after <jobs>', 'a worker that has done so many jobs is replaced by a fresh one', positive, 1000)
  .option('--hang-after <minutes>', 'a worker that has not come back from a call for this long is ended', positive, 15)
  .option('--keep <size>', 'how much results, their assets and checkpoints may take, e.g. 20GB; what was used longest ago makes room')
  .addOption(nodes)
  .action(
    (options: {
      port: string;
      host: string;
      allowHost: string[];
      allowPath: string[];
      requireToken?: boolean;
      data: string;
      models: string[];
      provider: ProviderChoice[];
      memory: string;
      recycleAfter: number;
      hangAfter: number;
      keep?: string;
      nodes?: string;
      logLevel: LogLevel;
    }) =>
      command(async () => {
        const port = Number(options.port);
        if (!/^\d+$/.test(options.port) || port > 65535) throw err.BAD_OPTION('port', 'a number from 0 to 65535', options.port);
        const server = await startServer({
          port,
          host: options.host,
          allowHosts: options.allowHost,
          allowPaths: options.allowPath,
          requireToken: options.requireToken ?? false,
          dataFolder: options.data,
          models: modelRoots(options.models),
          provider: options.provider,
          memory: parseMemory(options.memory),
          limits: { jobs: options.recycleAfter, hangMs: options.hangAfter * 60_000 },
          ...(options.keep !== undefined && { keep: parseSize('keep', options.keep) }),
          ...(options.nodes !== undefined && { nodes: options.nodes }),
          log: createLog({ level: options.logLevel, terminal: process.stderr.isTTY }),
        });
        print(`Facewright is at ${server.url}`);
        return new Promise<number>((resolve) => {
          let ending = false;
          const end = (graceMs: number) => () => {
            // The second request is meant.
            if (ending) process.exit(1);
            ending = true;
            void server.close(graceMs).then(() => resolve(0));
          };
          process.on('SIGTERM', end(DRAIN_MS));
          process.on('SIGINT', end(0));
        });
      }),
  );

program
  .command('run')
  .description('runs a graph; its outputs, report and run.json go into a folder')
  .argument('<graph>', 'graph document, JSON')
  .option('--set <NODE.INPUT=VALUE>', 'a value of the graph; may be repeated', collect, [])
  .option(
    '--gate <CONDITION>',
    "a condition on a report, such as 'FaceScore>=+0.1' (difference to the base), 'FaceScore.low>=0' (end of its interval), 'FID:DPO<=20' (value); may be repeated; exit code 3 when one does not hold",
    collect,
    [],
  )
  .addOption(only)
  .option('--out <dir>', 'folder for the outputs; default: runs/ of the data folder')
  .addOption(provider)
  .addOption(memory)
  .option('--json', 'prints one event a line')
  .option('--server <url>', 'runs on a server instead of in this process; its token is taken from FACEWRIGHT_TOKEN')
  .addOption(data)
  .addOption(models)
  .addOption(nodes)
  .action(
    (
      graph: string,
      options: {
        set: string[];
        gate: string[];
        only?: string[];
        out?: string;
        provider: ProviderChoice;
        memory: string;
        json?: boolean;
        server?: string;
        data: string;
        models: string[];
        nodes?: string;
      },
    ) =>
      command(async () => {
        const cancel = new AbortController();
        for (const name of ['SIGINT', 'SIGTERM'] as const)
          process.on(name, () => {
            if (cancel.signal.aborted) process.exit(130);
            cancel.abort();
            complain('Stops at the next step and keeps what is done; once more ends at once.');
          });
        const view = createProgressView(process.stderr);
        return runCommand({
          path: graph,
          settings: options.set,
          targets: options.only,
          gates: options.gate,
          out: options.out,
          signal: cancel.signal,
          show: (event) => {
            if (options.json) json(event);
            else view(event as RunEvent);
          },
          complain,
          saved: (folder) => {
            if (!options.json) print(`Outputs and run.json are in ${folder}`);
          },
          judged: (results) => {
            if (options.json) json({ type: 'gates', passed: results.every(({ passed }) => passed), gates: results });
            else print(gateTable(results, process.stdout.isTTY));
          },
          open: () =>
            options.server === undefined
              ? openLocalSource({
                  dataFolder: options.data,
                  models: modelRoots(options.models),
                  provider: options.provider,
                  memory: parseMemory(options.memory),
                  out: options.out,
                  nodes: options.nodes,
                  log: complain,
                })
              : openRemoteSource(options.server),
        });
      }),
  );

program
  .command('validate')
  .description('says everything that is wrong with a graph, one problem a line')
  .argument('<graph>', 'graph document, JSON')
  .option('--json', 'prints problems as JSON')
  .addOption(nodes)
  .action((path: string, options: { json?: boolean; nodes?: string }) =>
    command(async () => {
      const problems = await readGraph(path).then(async (graph) => checkGraph(graph, await loadNodes(options.nodes)).problems, problemsOf);
      showProblems(problems, options.json ?? false);
      if (problems.length === 0 && !options.json) print(`${path}: no problems`);
      return problems.length === 0 ? 0 : 1;
    }),
  );

program
  .command('nodes')
  .description('lists the installed nodes')
  .option('--json', 'prints the catalogue as JSON')
  .addOption(nodes)
  .action((options: { json?: boolean; nodes?: string }) =>
    command(async () => {
      const all = [...(await loadNodes(options.nodes)).values()].map(({ definition }) => describeNode(definition));
      if (options.json) json({ nodes: all });
      else
        for (const [category, members] of Object.entries(Object.groupBy(all, (node) => node.category))) {
          print(category);
          for (const { type, version, summary, inputs, outputs } of members!) {
            print(`  ${type} (version ${version}): ${summary}`);
            print(
              `    ${inputs.map(({ name, type: { kind } }) => `${name}: ${kind}`).join(', ') || 'no inputs'} → ${outputs.map(({ name, type: { kind } }) => `${name}: ${kind}`).join(', ') || 'no outputs'}`,
            );
          }
        }
      return 0;
    }),
  );

program
  .command('explain')
  .description('says what a run would do and why, how long it may take, and what is missing')
  .argument('<graph>', 'graph document, JSON')
  .option('--json', 'prints it as JSON')
  .option('--set <NODE.INPUT=VALUE>', 'a value of the graph; may be repeated', collect, [])
  .addOption(only)
  .addOption(data)
  .addOption(models)
  .addOption(nodes)
  .addOption(provider)
  .action(
    (
      path: string,
      options: { json?: boolean; set: string[]; only?: string[]; data: string; models: string[]; nodes?: string; provider: ProviderChoice },
    ) =>
      command(async () => {
        const foretold = await explainCommand({
          path,
          settings: options.set,
          targets: options.only,
          dataFolder: options.data,
          models: modelRoots(options.models),
          provider: options.provider,
          nodes: options.nodes,
        });
        if (options.json) json(foretold);
        else explanationLines(foretold, process.stdout.isTTY).forEach(print);
        return foretold.problems.length + foretold.missing.length === 0 ? 0 : 1;
      }),
  );

addReplayCommands({ program, options: { data, models, memory, nodes }, command, print, complain });
addStorageCommands({ program, data, command, print });
addBatchCommands({ program, models, provider, memory, nodes, command, print, complain });
addQueueCommands({ program, command, print, screen: process.stdout });
addModelCommands({ program, models, command, print });
addTokenCommands({ program, data, command, print });

await program.parseAsync();
