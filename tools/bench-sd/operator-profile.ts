// Where the time of a session goes, by operator: onnxruntime's own profile of the sessions that the product opens, with the options that the product gives them.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';

export interface OperatorShare {
  readonly operator: string;
  /** Nodes of the graph that are of it. */
  readonly calls: number;
  readonly seconds: number;
  /** Of all operators together, 0 to 1. */
  readonly share: number;
}

/** An event of onnxruntime's profile; times in microseconds. */
export interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  readonly ts: number;
  readonly dur: number;
  readonly args?: { readonly op_name?: string };
}

/** Of the last run in a profile, the slowest operator first. */
export function operatorShares(events: readonly ProfileEvent[]): OperatorShare[] {
  const run = events.findLast(({ cat, name }) => cat === 'Session' && name === 'model_run');
  if (!run) throw new Error('profile of onnxruntime: expected a run of the model, got none');
  const kernels = events.filter(
    ({ cat, name, ts }) => cat === 'Node' && name.endsWith('_kernel_time') && ts >= run.ts && ts <= run.ts + run.dur,
  );
  const total = kernels.reduce((sum, { dur }) => sum + dur, 0);
  return [...Map.groupBy(kernels, ({ args }) => args?.op_name ?? 'unknown')]
    .map(([operator, own]) => {
      const time = own.reduce((sum, { dur }) => sum + dur, 0);
      return { operator, calls: own.length, seconds: time / 1e6, share: time / total };
    })
    .sort((a, b) => b.seconds - a.seconds);
}

/** From now on sessions of this process write profiles into `folder`. Gives a function that profiles the sessions that some work opens. */
export function profileSessions(folder: string): (work: () => Promise<unknown>) => Promise<OperatorShare[]> {
  const opened: ort.InferenceSession[] = [];
  const create = ort.InferenceSession.create.bind(ort.InferenceSession) as (
    model: Uint8Array,
    options: ort.InferenceSession.SessionOptions,
  ) => Promise<ort.InferenceSession>;
  ort.InferenceSession.create = (async (model: Uint8Array, options: ort.InferenceSession.SessionOptions) => {
    const session = await create(model, { ...options, enableProfiling: true, profileFilePrefix: join(folder, `session${opened.length}`) });
    opened.push(session);
    return session;
  }) as typeof ort.InferenceSession.create;
  return async (work) => {
    const before = opened.length;
    await work();
    const [session, ...more] = opened.slice(before);
    if (!session || more.length > 0) throw new Error(`profile: expected work that opens one session, got ${opened.length - before}`);
    session.endProfiling();
    const file = (await readdir(folder)).find((name) => name.startsWith(`session${before}_`));
    return operatorShares(JSON.parse(await readFile(join(folder, file!), 'utf8')) as ProfileEvent[]);
  };
}
