// A process that answers requests, one line of JSON each: Facewright's side of a comparison or that of diffusers.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export type Json = Readonly<Record<string, unknown>>;

export interface Side {
  readonly pid: number;
  /** From the start of the process until it was ready: what it imports. */
  readonly startSeconds: number;
  /** Rejects with what the process says when it fails or ends. */
  ask<T>(what: string, details?: Json): Promise<T>;
  /** Ends the process. */
  close(): Promise<void>;
}

/** The last of what a process wrote on stderr, for messages. */
const TAIL = 4000;

export async function startSide(command: string, args: readonly string[]): Promise<Side> {
  const begun = performance.now();
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let complaints = '';
  child.stderr.on('data', (chunk: Buffer) => (complaints = (complaints + String(chunk)).slice(-TAIL)));
  child.stdin.on('error', () => {}); // a process that has ended says so below
  const failed = once(child, 'error').then(([cause]) => {
    throw new Error(`${command}: expected it to start, got ${(cause as Error).message}`);
  });
  failed.catch(() => {});
  const ended = once(child, 'close').catch(() => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();

  async function reply(): Promise<Json> {
    for (;;) {
      const { value, done } = await Promise.race([lines.next(), failed]);
      if (done) throw new Error(`${command} ${args[0]}: expected an answer, got the end of the process\n${complaints}`);
      if (value.startsWith('{')) return JSON.parse(value) as Json;
    }
  }

  await reply();
  const startSeconds = (performance.now() - begun) / 1000;
  return {
    pid: child.pid!,
    startSeconds,
    async ask<T>(what: string, details: Json = {}) {
      child.stdin.write(`${JSON.stringify({ ask: what, ...details })}\n`);
      const answer = await reply();
      if ('failed' in answer) throw new Error(`${command} ${args[0]}, ${what}: ${String(answer['failed'])}`);
      return answer as T;
    },
    async close() {
      child.stdin.end();
      await ended;
    },
  };
}

/** The other end: says that it is ready, then answers until its input ends. Each handler gets what was asked with. */
export async function answer(handlers: Readonly<Record<string, (details: Json) => Promise<object>>>): Promise<void> {
  const say = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`);
  say({ ready: true });
  for await (const line of createInterface({ input: process.stdin })) {
    const { ask, ...details } = JSON.parse(line) as Json & { readonly ask: string };
    try {
      say(await handlers[ask]!(details));
    } catch (cause) {
      say({ failed: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause) });
    }
  }
}
