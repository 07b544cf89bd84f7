// A worker process as the server sees it: started, given one job at a time, paused, cancelled, ended.
import { fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Problem, RunEventBody } from '@facewright/core';
import { CodedError } from '@facewright/tensor';
import { err } from './errors.ts';
import type { FromWorker, Job, Steering, ToWorker, WorkerSetup } from './worker-protocol.ts';

export interface WorkerListener {
  /** `plain`: a line that native code or a node printed, not a message of the worker's own. */
  log(message: string, about: { readonly run?: string; readonly node?: string; readonly worker: number; readonly plain?: true }): void;
  event(event: RunEventBody): void;
  saving(saving: boolean): void;
  /** The job's terminal event was sent before. */
  idle(memory: number): void;
  /** The process is gone; `how` says it in words: "signal SIGKILL", "exit code 134". */
  exit(how: string): void;
}
export interface WorkerHandle {
  readonly pid: number;
  readonly provider: string;
  readonly description: string;
  perform(job: Job): void;
  cancel(): void;
  steer(how: Steering): void;
  /** Ends the process at once. */
  kill(): void;
}

/** Resolves when the worker is ready. Rejects with what kept it from starting, e.g. RUNTIME_NO_WEBGPU, or SERVER_WORKER_START. */
export function startWorker(setup: WorkerSetup, listener: WorkerListener): Promise<WorkerHandle> {
  return new Promise((resolve, reject) => {
    const child = fork(new URL('./worker.ts', import.meta.url), [JSON.stringify(setup)], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      execArgv: [],
    });
    for (const input of [child.stdout!, child.stderr!])
      createInterface({ input }).on('line', (line) => listener.log(line, { worker: child.pid!, plain: true }));
    const send = (message: ToWorker) => {
      if (child.connected) child.send(message, () => {});
    };
    let ready = false;
    child.on('message', (message: FromWorker) => {
      switch (message.type) {
        case 'ready':
          ready = true;
          resolve({
            pid: child.pid!,
            provider: message.provider,
            description: message.description,
            perform: (job) => send({ type: 'perform', job }),
            cancel: () => send({ type: 'cancel' }),
            steer: (how) => send({ type: 'steer', how }),
            kill: () => child.kill('SIGKILL'),
          });
          break;
        case 'cannot_start':
          reject(problemError(message.problem));
          child.kill('SIGKILL');
          break;
        case 'log':
          listener.log(message.message, {
            worker: child.pid!,
            ...(message.run !== undefined && { run: message.run }),
            ...(message.node !== undefined && { node: message.node }),
          });
          break;
        case 'event':
          listener.event(message.event);
          break;
        case 'saving':
          listener.saving(message.saving);
          break;
        case 'idle':
          listener.idle(message.memory);
          break;
        default:
          message satisfies never;
      }
    });
    child.on('error', (cause) => reject(err.WORKER_START(cause.message)));
    // `close` comes after every message that the process still sent.
    child.on('close', (code, signal) => {
      const how = signal ? `signal ${signal}${signal === 'SIGKILL' ? ' (often for lack of memory)' : ''}` : `exit code ${code}`;
      if (ready) listener.exit(how);
      else reject(err.WORKER_START(how));
    });
  });
}

const problemError = ({ code, message }: Problem): CodedError => new CodedError(code, message);
