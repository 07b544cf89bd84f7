// The loop around a train step: feeds batches, keeps parameters on the device, stops between steps, notices when the loss is lost.
import type { TrainStep } from '@facewright/onnx';
import type { RunnableModel, Session, SessionOptions, Tensor, Tensors } from '@facewright/tensor';
import { scalar } from '@facewright/tensor';
import { err } from './errors.ts';
import { createCauseFinder } from './likely-cause.ts';
import { leastLossScale, type LossScaler } from './loss-scaler.ts';

/** Opens sessions; what a node's context and the runtime both offer. */
export type SessionFactory = (key: string, model: RunnableModel, options: SessionOptions) => Promise<Session>;

/** Copies parameters and moments as they are to memory, all or those named. */
export type ReadState = Session['readState'];

export interface StepReport {
  /** From 0. */
  readonly step: number;
  readonly loss: number;
  readonly learningRate: number;
  /** Every other scalar output by its name. Of a step with a scaled loss also `loss_scale`, and no `gradient_norm` where it was not finite and nothing moved. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Everything the step returned, pictures to look at included. */
  readonly outputs: Tensors;
  readonly readState: ReadState;
}

export interface TrainLoopOptions {
  readonly session: SessionFactory;
  /** Identity of the session for its owner. */
  readonly key: string;
  readonly step: TrainStep;
  /** What step number `step` is fed beside what the loop itself feeds: step, learning_rate, ema_decay, apply and loss_scale. Asked as often in a step as its gradients are averaged over. */
  readonly batches: (step: number) => Tensors | Promise<Tensors>;
  /** Makes of what `batches` gave what the step is fed, where that depends on the parameters as they are. */
  readonly complete?: (batch: Tensors, readState: ReadState) => Promise<Tensors>;
  readonly steps: number;
  /** First step number, when a training goes on; default 0. `steps` counts from 0 all the same. */
  readonly firstStep?: number;
  readonly learningRate: (step: number) => number;
  /** Needed where the step keeps averages; see averageDecay. */
  readonly averageDecay?: (step: number) => number;
  /** Needed where the step scales its loss; it changes from step to step. */
  readonly scaler?: LossScaler;
  readonly signal?: AbortSignal;
  readonly onStep?: (report: StepReport) => void | Promise<void>;
  /** Called before each step with the number of steps done: it may wait, throw, or end the loop with 'stop'. `readState` as in StepReport. */
  readonly between?: (done: number, readState: ReadState) => Promise<'go' | 'stop'>;
  /** Keeps copies of the state that are known to be good. */
  readonly keep?: {
    /** Asked after each step. */
    due(): boolean;
    /** The state after `done` steps. What it gives is called once the loss of the next step has shown that the state is good, never if it has not. */
    copy(done: number, state: Tensors): () => Promise<void>;
  };
}

export interface Trained {
  /** Steps done in all; fewer than asked for when `stopped`. */
  readonly steps: number;
  /** By the signal or by `between`; the state is that of the last whole step. */
  readonly stopped: boolean;
  /** Parameters and moments by input name. */
  readonly state: Tensors;
}

/**
 * Trains for `steps` steps. Throws TRAIN_NOT_FINITE when a loss or a gradient is not finite; gradients of a scaled loss may be so until the scale is at its least.
 * The session is released in any case.
 */
export async function trainLoop(options: TrainLoopOptions): Promise<Trained> {
  const {
    session: open,
    key,
    step: { model, state, feeds, accumulate },
    batches,
    complete,
    steps,
    firstStep = 0,
    learningRate,
    averageDecay,
    scaler,
    signal,
    onStep,
    between,
    keep,
  } = options;
  const average = feeds.includes('ema_decay') ? averageDecay : undefined;
  if (feeds.includes('ema_decay') && !average)
    throw err.SETTINGS('training loop', ['averageDecay: expected one, as the step keeps averages, got none']);
  if (feeds.includes('loss_scale') !== (scaler !== undefined))
    throw err.SETTINGS('training loop', [`scaler: expected one exactly where the step scales its loss, got ${scaler ? 'one' : 'none'}`]);
  const session = await open(key, model, { state });
  try {
    // A loss is that of the parameters before its own step: it vouches for the copy made earlier, never for its own.
    let unproven: (() => Promise<void>) | undefined;
    let step = firstStep;
    const causeOf = createCauseFinder();
    const readState: ReadState = (names) => session.readState(names);
    for (; step < steps && !signal?.aborted; step++) {
      if ((await between?.(step, readState)) === 'stop') break;
      const rate = learningRate(step);
      const lossScale = scaler?.scale;
      const own = {
        learning_rate: scalar(rate),
        // that of the optimiser, which corrects its moments by the number of times that they moved
        step: scalar(step + 1 - (scaler?.skipped ?? 0)),
        ...(average && { ema_decay: scalar(average(step)) }),
        ...(lossScale !== undefined && { loss_scale: scalar(lossScale) }),
      };
      const { outputs, scalars } = await runsOf(session, accumulate, async (last) => ({
        ...(complete ? await complete(await batches(step), readState) : await batches(step)),
        ...own,
        ...(accumulate > 1 && { apply: scalar(last ? 1 : 0) }),
      }));
      const { loss = Number.NaN, gradient_norm: norm = 0, ...others } = scalars;
      const lost = (what: 'loss' | 'gradient norm', got: number) =>
        err.NOT_FINITE(what, step, got, `${causeOf(step, rate)}${scaler ? outOfRange : ''}`);
      if (!Number.isFinite(loss)) throw lost('loss', loss);
      await unproven?.();
      unproven = undefined;
      const finite = Number.isFinite(norm);
      // Such gradients of an unscaled loss have made the parameters NaN by now.
      if (!finite && (lossScale ?? 0) <= leastLossScale) throw lost('gradient norm', norm);
      if (finite) causeOf.saw(norm);
      scaler?.saw(finite);
      const metrics = {
        ...others,
        ...(finite && 'gradient_norm' in scalars && { gradient_norm: norm }),
        ...(lossScale !== undefined && { loss_scale: lossScale }),
      };
      await onStep?.({ step, loss, learningRate: rate, metrics, outputs, readState });
      if (keep?.due()) unproven = keep.copy(step + 1, await readState());
    }
    return { steps: step, stopped: step < steps, state: await session.readState() };
  } finally {
    await session.release();
  }
}

const outOfRange = '. Or numbers are beyond the 65504 of float16: choose precision float32';

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
