// facewright queue list | pause | resume | cancel | retry | front | move, and facewright events: the queue of a server.
import { isTerminal, type QueueChange, type RunEvent, type RunSummary } from '@facewright/core';
import { Option, type Command } from 'commander';
import { err } from './errors.ts';
import { columns } from './models/columns.ts';
import { createProgressView, type Screen } from './progress-view.ts';
import { serverClient, type ServerClient } from './server-client.ts';
import { watchRun } from './watch-run.ts';

export interface QueueCommands {
  readonly program: Command;
  command(work: () => Promise<number>): Promise<void>;
  print(text: string): void;
  /** Where events are shown to people. */
  readonly screen: Screen;
}
interface ServerOption {
  readonly server: string;
}

export function addQueueCommands({ program, command, print, screen }: QueueCommands): void {
  const server = () =>
    new Option('--server <url>', 'address of the server; its token is taken from FACEWRIGHT_TOKEN').default('http://127.0.0.1:8288');
  const group = program.command('queue').description('shows and changes the queue of a server');
  /** A command about one run, which is then shown as it is. */
  const about = (name: string, description: string, change: (client: ServerClient, id: string) => Promise<{ readonly run: RunSummary }>) =>
    group
      .command(name)
      .description(description)
      .argument('<id>', 'id of the run, or as much of its beginning as no other has')
      .addOption(server())
      .action((id: string, options: ServerOption) =>
        command(async () => {
          const client = serverClient(options.server);
          const { run } = await change(client, await wholeId(client, id));
          print(table([rowOf(run)]));
          return 0;
        }),
      );

  group
    .command('list', { isDefault: true })
    .description('lists what runs, what waits in its order, and the latest that have ended')
    .option('--json', 'prints the queue as JSON')
    .addOption(server())
    .action((options: ServerOption & { json?: boolean }) =>
      command(async () => {
        const queue = await serverClient(options.server).json<QueueChange>('/queue');
        print(options.json ? JSON.stringify(queue) : listText(queue));
        return 0;
      }),
    );
  for (const [name, description] of [
    ['pause', 'begins nothing new until the queue is resumed; what runs goes on'],
    ['resume', 'begins what waits again'],
  ] as const)
    group
      .command(name)
      .description(description)
      .addOption(server())
      .action((options: ServerOption) =>
        command(async () => {
          const { paused } = await serverClient(options.server).json<{ paused: boolean }>(`/queue/${name}`, 'POST');
          print(paused ? 'The queue is paused.' : 'The queue goes on.');
          return 0;
        }),
      );
  about('cancel', 'cancels a run, and no other', (client, id) => client.json(`/runs/${id}/cancel`, 'POST'));
  about('retry', 'queues the graph of a run that has ended again; what was finished is not computed again', (client, id) =>
    client.json(`/runs/${id}/retry`, 'POST'),
  );
  about('front', 'puts a run that waits before all others of its priority', (client, id) =>
    client.json(`/runs/${id}/move`, 'POST', { to: 'front' }),
  );
  group
    .command('move')
    .description('puts a run that waits before or after another, or gives it another priority')
    .argument('<id>', 'id of the run, or as much of its beginning as no other has')
    .option('--before <id>', 'a run that waits')
    .option('--after <id>', 'a run that waits')
    .option('--priority <number>', 'a whole number; the highest goes first, runs have 0')
    .addOption(server())
    .action((id: string, { server: url, priority, ...beside }: ServerOption & { before?: string; after?: string; priority?: string }) =>
      command(async () => {
        const client = serverClient(url);
        if (priority !== undefined && !/^-?\d+$/.test(priority)) throw err.BAD_OPTION('priority', 'a whole number', priority);
        const to: Record<string, unknown> = { ...(priority !== undefined && { priority: Number(priority) }) };
        for (const [side, other] of Object.entries(beside)) to[side] = await wholeId(client, other);
        const { run } = await client.json<{ run: RunSummary }>(`/runs/${await wholeId(client, id)}/move`, 'POST', to);
        print(table([rowOf(run)]));
        return 0;
      }),
    );

  program
    .command('events')
    .description('tells the events of a run on a server')
    .argument('<id>', 'id of the run, or as much of its beginning as no other has')
    .option('--after <number>', 'number of the last event that is known', '0')
    .option('--follow', 'goes on until the run has ended')
    .option('--json', 'prints one event a line')
    .addOption(server())
    .action((id: string, options: ServerOption & { after: string; follow?: boolean; json?: boolean }) =>
      command(async () => {
        if (!/^\d+$/.test(options.after)) throw err.BAD_OPTION('after', 'a whole number from 0', options.after);
        const client = serverClient(options.server);
        const run = await wholeId(client, id);
        const view = createProgressView(screen);
        let last: RunEvent | undefined;
        const tell = (event: RunEvent) => {
          last = event;
          if (options.json) print(JSON.stringify(event));
          else view(event);
        };
        const after = Number(options.after);
        const { events } = await client.json<{ events: readonly RunEvent[] }>(`/runs/${run}/events?after=${after}`);
        events.forEach(tell);
        if (options.follow && !(last ? isTerminal(last) : (await client.json<{ run: RunSummary }>(`/runs/${run}`)).run.finished !== null))
          await watchRun(client, run, events.at(-1)?.seq ?? after, tell);
        return last?.type === 'run_failed' ? 1 : last?.type === 'run_cancelled' ? 130 : 0;
      }),
    );
}

/** Throws CLI_NO_RUN. */
async function wholeId(client: ServerClient, start: string): Promise<string> {
  const { runs } = await client.json<{ runs: readonly RunSummary[] }>('/runs?limit=1000');
  const found = runs.filter(({ id }) => id.startsWith(start));
  if (found.length > 1) throw err.NO_RUN(start, `${found.length} that begin so`);
  // Older ones are known by their whole id only.
  return found[0]?.id ?? encodeURIComponent(start);
}

const words: Readonly<Record<RunSummary['status'], string>> = {
  queued: 'waits',
  running: 'runs',
  paused: 'paused',
  succeeded: 'done',
  failed: 'failed',
  cancelled: 'cancelled',
};
const table = (rows: readonly (readonly string[])[]): string => columns(['id', 'status', 'name', ''], rows);
const rowOf = (run: RunSummary, first: string = words[run.status]): readonly string[] => [
  run.id.slice(0, 8),
  first,
  run.name,
  [
    run.cancelling && 'is about to be cancelled',
    run.priority !== 0 && `priority ${run.priority}`,
    run.retryOf !== null && `tries ${run.retryOf.slice(0, 8)} again`,
    run.problem?.message,
  ]
    .filter(Boolean)
    .join('; '),
];

/** How many ended runs are listed. */
const ENDED = 10;

function listText({ paused, runs, progress }: QueueChange): string {
  const atWork = runs.filter(({ status }) => status === 'running' || status === 'paused');
  const waiting = runs.filter(({ status }) => status === 'queued');
  const ended = runs.filter(({ finished }) => finished !== null).slice(0, ENDED);
  const rows = [
    ...atWork.map((run) => rowOf(run, `${words[run.status]} ${Math.round((progress[run.id]?.share ?? 0) * 100)} %`)),
    ...waiting.map((run, i) => rowOf(run, `waits, ${i + 1}`)),
    ...ended.map((run) => rowOf(run)),
  ];
  const head = paused ? 'The queue is paused: nothing new begins until it is resumed.\n' : '';
  return head + (rows.length > 0 ? table(rows) : 'No runs.');
}
