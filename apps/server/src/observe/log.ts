// The log: JSON lines on stderr with the ids of what they are about, or lines for people on a terminal.
import { pino, type DestinationStream } from 'pino';
import pretty from 'pino-pretty';
import { redactSecrets } from '../access/redact-secrets.ts';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];
/** What a line is about, by id; absent ones are left out. */
export interface LogIds {
  readonly run?: string | undefined;
  readonly node?: string | undefined;
  readonly batch?: string | undefined;
  /** From 1. */
  readonly row?: number | undefined;
  /** Process id of the worker that said it. */
  readonly worker?: number | undefined;
}
type Write = (message: string, about?: LogIds & Readonly<Record<string, unknown>>) => void;
export interface Log {
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
}

export interface LogOptions {
  readonly level: LogLevel;
  /** Lines for people instead of JSON. */
  readonly terminal: boolean;
  /** Gives a text back without what must not be kept. Default: takes out what looks like a secret, and the secrets of the environment. */
  readonly redact?: (text: string) => string;
  /** Default: stderr. */
  readonly to?: DestinationStream;
}

export function createLog({
  level,
  terminal,
  redact: clean = redactSecrets,
  to = pino.destination({ dest: 2, sync: true }),
}: LogOptions): Log {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    terminal ? pretty({ sync: true, translateTime: 'SYS:HH:MM:ss', destination: to }) : to,
  );
  const write =
    (name: 'debug' | 'info' | 'warn' | 'error'): Write =>
    (message, about = {}) =>
      logger[name](
        Object.fromEntries(Object.entries(about).map(([key, value]) => [key, typeof value === 'string' ? clean(value) : value])),
        clean(message),
      );
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

export const silentLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
