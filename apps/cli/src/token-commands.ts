// facewright token create | list | revoke: who may use a server that others can reach. A running server sees each change at once.
import { createAccessStore, openDataFolder, scopes, type AccessStore, type Scope } from '@facewright/server';
import { Option, type Command } from 'commander';
import { err } from './errors.ts';
import { columns } from './models/columns.ts';

export interface TokenCommands {
  readonly program: Command;
  /** The option --data. */
  readonly data: Option;
  command(work: () => Promise<number>): Promise<void>;
  print(text: string): void;
}

const HOURS: Readonly<Record<string, number>> = { h: 1, d: 24, w: 7 * 24 };
const HOUR_MS = 3_600_000;

/** When something ends that lasts so long from now, e.g. 30d. Throws CLI_BAD_OPTION. */
function endOf(text: string): Date {
  const [, count, unit] = /^(\d{1,4})([hdw])$/.exec(text) ?? [];
  if (unit === undefined || Number(count) === 0) throw err.BAD_OPTION('expires', 'hours, days or weeks such as 12h, 30d or 4w', text);
  return new Date(Date.now() + Number(count) * HOURS[unit]! * HOUR_MS);
}

export function addTokenCommands({ program, data, command, print }: TokenCommands): void {
  const group = program.command('token').description('makes, lists and revokes the tokens of a server that others can reach');
  const within = (options: { data: string }, work: (access: AccessStore) => void) =>
    command(async () => {
      const folder = openDataFolder(options.data);
      try {
        work(createAccessStore(folder.database));
      } finally {
        folder.close();
      }
      return 0;
    });

  group
    .command('create')
    .description('makes a token and prints it, this once')
    .argument('<name>', 'whose it is, or what for')
    .addOption(
      new Option('--scope <right>', 'read: look; run: also run, cancel, upload; admin: also delete, make tokens')
        .choices(scopes)
        .makeOptionMandatory(),
    )
    .option('--expires <time>', 'how long it is valid, e.g. 12h, 30d or 4w; default: until it is revoked')
    .addOption(data)
    .option('--json', 'prints the token with what is known of it as JSON')
    .action((name: string, options: { scope: Scope; expires?: string; data: string; json?: boolean }) =>
      within(options, (access) => {
        const made = access.create(name, options.scope, options.expires === undefined ? null : endOf(options.expires));
        print(options.json ? JSON.stringify(made) : made.secret);
      }),
    );

  group
    .command('list')
    .description('lists the tokens, without their secrets')
    .addOption(data)
    .option('--json', 'prints the list as JSON')
    .action((options: { data: string; json?: boolean }) =>
      within(options, (access) => {
        const tokens = access.list();
        if (options.json) return print(JSON.stringify({ tokens }));
        if (tokens.length === 0) return print('No tokens; make one with: facewright token create NAME --scope run');
        const day = (time: string | null, otherwise: string) => time?.slice(0, 16).replace('T', ' ') ?? otherwise;
        print(
          columns(
            ['name', 'scope', 'made', 'expires', 'last used'],
            tokens.map(({ name, scope, created, expires, used }) => [
              name,
              scope,
              day(created, ''),
              day(expires, 'never'),
              day(used, 'never'),
            ]),
          ),
        );
      }),
    );

  group
    .command('revoke')
    .description('ends a token with its sessions and open connections')
    .argument('<name>', 'as `facewright token list` has it')
    .addOption(data)
    .action((name: string, options: { data: string }) => within(options, (access) => access.revoke(name)));
}
