// The loop around a train step: feeds batches, keeps parameters on the device, stops between steps, notices when the loss is lost.
import type { TrainStep } from '@facewright/onnx';
import type { CodedError, RunnableModel, Session, SessionOptions, Tensor, Tensors } from '@facewright/tensor';
import { scalar } from '@facewright/tensor';
import { err } from './errors.ts';

/** Opens sessions; what a node's context and the runtime both offer. */
export type SessionFactory = (key: string, model: RunnableModel, options: SessionOptions) => Promise<Session>;

export interface StepReport {
  /** From 0. */
  readonly step: number;
  readonly loss: number;
  readonly learningRate: number;
  /** Every other scalar output by its name. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Everything the step returned, pictures to look at included. */
  readonly outputs: Tensors;
  /** Copies parameters and moments as they are after this step to memory. */
  readonly readState: () => Promise<Tensors>;
}

export interface TrainLoopOptions {
  readonly session: SessionFactory;
  /** Identity of the session for its owner. */
  readonly key: string;
  readonly step: TrainStep;
  /** What step number `step` is fed beside what the loop itself feeds: step, learning_rate, ema_decay and apply. Asked as often in a step as its gradients are averaged over. */
  readonly batches: (step: number) => Tensors | Promise<Tensors>;
  readonly steps: number;
  /** First step number, when a training goes on; default 0. `steps` counts from 0 all the same. */
  readonly firstStep?: number;
  readonly learningRate: (step: number) => number;
  /** Needed where the step keeps averages; see averageDecay. */
  readonly averageDecay?: (step: number) => number;
  readonly signal?: AbortSignal;
  readonly onStep?: (report: StepReport) => void | Promise<void>;
  /** How often the state is copied to memory, in steps, so that it outlives a loss that is lost; default 50. */
  readonly keepEvery?: number;
}

export interface Trained {
  /** Steps done in all; fewer than asked for when `stopped`. */
  readonly steps: number;
  /** The signal was aborted; the state is that of the last whole step. */
  readonly stopped: boolean;
  /** Parameters and moments by input name. */
  readonly state: Tensors;
}

/** TRAIN_NOT_FINITE with the last state that was seen to give a finite loss. */
export interface DivergedError extends CodedError {
  readonly lastGood: { readonly steps: number; readonly state: Tensors };
}

export const isDiverged = (error: unknown): error is DivergedError =>
  error instanceof Error && 'code' in error && error.code === 'TRAIN_NOT_FINITE';

/** Trains for `steps` steps. Throws TRAIN_NOT_FINITE ({@link DivergedError}) when a loss is not finite; the session is released in any case. */
export async function trainLoop(options: TrainLoopOptions): Promise<Trained> {
  const {
    session: open,
    key,
    step: { model, state, feeds, accumulate },
    batches,
    steps,
    firstStep = 0,
    learningRate,
    averageDecay,
    signal,
    onStep,
    keepEvery = 50,
  } = options;
  const average = feeds.includes('ema_decay') ? averageDecay : undefined;
  if (feeds.includes('ema_decay') && !average)
    throw err.SETTINGS('training loop', ['averageDecay: expected one, as the step keeps averages, got none']);
  const session = await open(key, model, { state });
  try {
    // A loss is that of the parameters before its own step: it vouches for the copy made earlier, never for its own.
    let good: DivergedError['lastGood'] = {
      steps: firstStep,
      state: Object.fromEntries(state.map(({ input, initial }) => [input, initial])),
    };
    let unproven = good;
    let step = firstStep;
    for (; step < steps && !signal?.aborted; step++) {
      const rate = learningRate(step);
      const own = { learning_rate: scalar(rate), step: scalar(step + 1), ...(average && { ema_decay: scalar(average(step)) }) };
      const { outputs, scalars } = await runsOf(session, accumulate, async (last) => ({
        ...(await batches(step)),
        ...own,
        ...(accumulate > 1 && { apply: scalar(last ? 1 : 0) }),
      }));
      const { loss = Number.NaN, ...metrics } = scalars;
      if (!Number.isFinite(loss)) throw Object.assign(err.NOT_FINITE(step, loss, rate), { lastGood: good });
      good = unproven;
      if (keepEvery > 0 && (step + 1) % keepEvery === 0) unproven = { steps: step + 1, state: await session.readState() };
      await onStep?.({ step, loss, learningRate: rate, metrics, outputs, readState: () => session.readState() });
    }
    return { steps: step, stopped: step < steps, state: await session.readState() };
  } finally {
    await session.release();
  }
}

/** The runs of one step: what the last one returned, and scalars averaged over all. The gradient norm is that of the averaged gradients, which the last run alone has. */
async function runsOf(
  session: Session,
  count: number,
  feedsOf: (last: boolean) => Promise<Tensors>,
): Promise<{ readonly outputs: Tensors; readonly scalars: Record<string, number> }> {
  const sums: Record<string, number> = {};
  for (let run = 1; ; run++) {
    const outputs = await session.run(await feedsOf(run === count));
    const scalars = scalarsOf(outputs);
    for (const [name, value] of Object.entries(scalars)) sums[name] = (sums[name] ?? 0) + value / count;
    if (run === count)
      return { outputs, scalars: { ...sums, ...('gradient_norm' in scalars && { gradient_norm: scalars['gradient_norm']! }) } };
  }
}

const scalarsOf = (outputs: Tensors): Record<string, number> =>
  Object.fromEntries(
    Object.entries(outputs)
      .filter(([, { data }]) => data.length === 1)
      .map(([name, { data }]: [string, Tensor]) => [name, Number(data[0])]),
  );
