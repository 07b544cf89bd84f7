// A training inside a node: paused, stopped, saved while it goes on, and gone on with where it was.
import { messageOf, type Checkpoint, type NodeContext } from '@facewright/core';
import type { TrainStep } from '@facewright/onnx';
import { CodedError, type Tensors } from '@facewright/tensor';
import { createLossScaler, trainLoop, type StepReport, type TrainLoopOptions } from '@facewright/train';
import { err } from '../errors.ts';
import { recordTraining, type TrainingRecord } from './record-training.ts';
import { asTheyAre, restoreParts, saveParts, tensorsOf, type Resumable } from './resumable.ts';
import { createSavePace } from './save-pace.ts';

export interface TrainingRun extends Pick<TrainLoopOptions, 'batches' | 'complete' | 'averageDecay'> {
  readonly step: TrainStep;
  readonly steps: number;
  /** The learning rate at each step of a training of so many. */
  readonly learningRate: (steps: number) => (step: number) => number;
  /** Goes on from a training of other `steps` even where that does not give what one training of these steps would. */
  readonly extend: boolean;
  /** All that the next step depends on beside parameters and moments, such as random numbers, by names that stay. */
  readonly parts: Readonly<Record<string, Resumable>>;
  /** Ends the training as whole, as an early stop does. Asked before each step. */
  readonly enough?: () => boolean;
  readonly onStep: (report: StepReport, record: TrainingRecord) => Promise<void>;
}

export interface TrainingDone {
  /** Done in all; fewer than asked for when the user said stop. */
  readonly steps: number;
  readonly state: Tensors;
  /** Loss, learning rate and the step's own metrics are in it already. */
  readonly record: TrainingRecord;
  /** Steps at which it went on with learning rates that one training would not have had. */
  readonly extendedAt: readonly number[];
}

/** Raised when what a checkpoint holds changes. */
const layout = 1;
/** What a checkpoint says beside its parts. */
interface Facts {
  readonly layout: number;
  readonly done: number;
  /** The steps that were asked for, from which step on. */
  readonly asked: readonly { readonly from: number; readonly steps: number }[];
  readonly extendedAt: readonly number[];
  readonly parts: unknown;
}
const nothingDone: Facts = { layout, done: 0, asked: [], extendedAt: [], parts: {} };

/**
 * Goes on from the node's checkpoint where there is one, bit for bit as if it had never stopped, and keeps one: now and then, whenever the run is paused, cancelled
 * or told to stop, and at the end. What cannot be saved is told and does not end the training. Throws TRAIN_NOT_FINITE, and when the run is cancelled.
 */
export async function runTraining(run: TrainingRun, ctx: NodeContext): Promise<TrainingDone> {
  const { step, steps, learningRate, batches, complete, averageDecay, onStep } = run;
  const record = recordTraining(ctx);
  const scaler = step.feeds.includes('loss_scale') ? createLossScaler() : undefined;
  const own = { record, ...(scaler && { 'loss scale': scaler }) };
  const parts = { ...run.parts, ...own };
  const from = await checkpointFor(run, ctx);
  const facts = from ? (from.data as Facts) : nothingDone;
  const before = from ? tensorsOf('state', from.tensors ?? {}) : {};
  if (from) restoreParts(parts, { data: facts.parts, tensors: tensorsOf('parts', from.tensors ?? {}) });
  const asked = facts.asked.at(-1)?.steps === steps ? facts.asked : [...facts.asked, { from: facts.done, steps }];
  const extendedAt = asked === facts.asked || isSameCourse(facts, run) ? facts.extendedAt : [...facts.extendedAt, facts.done];

  const checkpointOf = (done: number, state: Tensors, saved = saveParts(parts)): Checkpoint => {
    return {
      data: { layout, done, asked, extendedAt, parts: saved.data } satisfies Facts,
      tensors: {
        ...prefixed(
          'state',
          Object.entries(state).filter(([name]) => !isSum(name)),
        ),
        ...prefixed('parts', Object.entries(saved.tensors ?? {})),
      },
    };
  };
  let kept = facts.done;
  let failed = false;
  const save = async (checkpoint: Checkpoint): Promise<void> => {
    await ctx.checkpoint.save(checkpoint);
    kept = (checkpoint.data as Facts).done;
    failed = false;
  };
  /** Once is enough to be told of a full disk. */
  const trySaving = (checkpoint: Checkpoint) =>
    save(checkpoint).catch((error: unknown) => {
      if (!failed) ctx.log('warn', `checkpoint: expected to save it, got ${messageOf(error)}; the training goes on and tries again`);
      failed = true;
    });
  const now = () => performance.now();
  const pace = createSavePace(now);
  let dueAt = 0;
  let stopped = false;
  let atGate = { done: facts.done, parts: run.parts };

  const trained = await trainLoop({
    session: (key, graph, options) => ctx.session(key, () => graph, options),
    key: `train:${ctx.node}`,
    step: { ...step, state: step.state.map((entry) => ({ ...entry, initial: before[entry.input] ?? entry.initial })) },
    steps,
    firstStep: facts.done,
    learningRate: learningRate(steps),
    ...(averageDecay && { averageDecay }),
    ...(scaler && { scaler }),
    batches,
    // It may draw for minutes; a cancel then must not lose the steps before, whose random numbers are no longer those of now.
    ...(complete && {
      complete: (batch, readState) =>
        complete(batch, readState).catch(async (error: unknown) => {
          if (ctx.signal.aborted) await trySaving(checkpointOf(atGate.done, await readState(), saveParts({ ...atGate.parts, ...own })));
          throw error;
        }),
    }),
    between: async (done, readState) => {
      if (run.enough?.()) return 'stop';
      if (complete) atGate = { done, parts: asTheyAre(run.parts) };
      const asked = await ctx.gate(async () => {
        await save(checkpointOf(done, await readState()));
        if (ctx.signal.aborted) ctx.log('info', `kept at step ${done} of ${steps}; run again to go on from there`);
      });
      stopped = asked === 'stop';
      return asked;
    },
    keep: {
      due() {
        dueAt = now();
        return pace.due();
      },
      copy(done, state) {
        const checkpoint = checkpointOf(done, state);
        const copying = now() - dueAt;
        return async () => {
          const begun = now();
          await trySaving(checkpoint);
          pace.took(copying + now() - begun);
        };
      },
    },
    onStep: async (report) => {
      const { step: at, loss, learningRate: rate, metrics } = report;
      record.add('loss', at, loss);
      record.add('learning_rate', at, rate);
      for (const [name, value] of Object.entries(metrics)) record.add(name, at, value);
      // A picture or a look at validation data that the cancel cut short is no part of the step: it is whole, and the gate after it saves it.
      await onStep(report, record).catch((error: unknown) => {
        if (!ctx.signal.aborted) throw error;
      });
    },
  }).catch((error: unknown) => {
    if (!(error instanceof CodedError) || error.code !== 'TRAIN_NOT_FINITE' || kept === 0) throw error;
    const { code, detail } = error;
    throw new CodedError(
      code,
      `${detail}. The state after ${kept} steps is kept: with steps ${kept} and extend on, this node gives the model as it was then`,
    );
  });
  // The last step has no gate after it.
  if (trained.steps > kept || failed) await trySaving(checkpointOf(trained.steps, trained.state));
  if (failed)
    ctx.log(
      'warn',
      `checkpoint: the one on disk is of step ${kept}, as the disk took none since; the training is whole, but can only be extended from there`,
    );
  ctx.signal.throwIfAborted();
  if (stopped) ctx.unfinished(`${trained.steps} of ${steps} steps`);
  return { steps: trained.steps, state: trained.state, record, extendedAt };
}

/** Sums of gradients are zero between steps. */
const isSum = (name: string): boolean => name.startsWith('sum.');
const prefixed = (part: string, tensors: readonly (readonly [string, Tensors[string]])[]): Tensors =>
  Object.fromEntries(tensors.map(([name, tensor]) => [`${part}/${name}`, tensor]));

/** The checkpoint to go on from, or null to begin; says in the log which. */
async function checkpointFor(run: TrainingRun, ctx: NodeContext): Promise<Checkpoint | null> {
  const { steps, extend } = run;
  const goesOn = (found: Checkpoint, why: string) => {
    ctx.log('info', `goes on at step ${(found.data as Facts).done} of ${steps}${why}`);
    return found;
  };
  const own = await ctx.checkpoint.load();
  if (own && fits(own, run, ctx)) return goesOn(own, '');
  const related = await ctx.checkpoint.related((data) => {
    const facts = data as Facts;
    return facts.layout === layout && facts.done <= steps && (extend || isSameCourse(facts, run)) ? facts.done : -1;
  });
  if (!related || !fits(related, run, ctx)) return null;
  const { done, asked } = related.data as Facts;
  const what = `what is kept of a training of ${asked.at(-1)!.steps} steps`;
  if (done <= steps && isSameCourse(related.data as Facts, run)) return goesOn(related, `, from ${what}`);
  if (!extend) {
    if (done <= steps)
      ctx.log('info', `begins anew: ${what} had other learning rates until step ${done}; switch extend on to go on from it all the same`);
    return null;
  }
  if (done <= steps) return goesOn(related, `, from ${what}, whose learning rates were others than those of one of ${steps}`);
  ctx.log('warn', `begins anew: ${what} is at step ${done} already, and no training goes back`);
  return null;
}

/** A checkpoint of another build may know other parameters. */
function fits({ data, tensors = {} }: Checkpoint, { step, parts }: TrainingRun, ctx: NodeContext): boolean {
  const state = tensorsOf('state', tensors);
  const facts = data as Partial<Facts>;
  const other =
    facts.layout === layout
      ? (step.state.find(({ input, initial }) => !isSum(input) && state[input]?.dims.join() !== initial.dims.join())?.input ??
        Object.keys(parts).find((name) => !Object.hasOwn(facts.parts as object, name)))
      : 'layout';
  if (other !== undefined) ctx.log('warn', `${err.OTHER_CHECKPOINT(other).message}; begins anew`);
  return other === undefined;
}

/** Every step until now had the learning rate that it has in a training of these steps. */
function isSameCourse({ done, asked }: Facts, { steps, learningRate }: TrainingRun): boolean {
  const is = learningRate(steps);
  return asked.every(({ from, steps: then }, at) => {
    const was = learningRate(then);
    for (let step = from; step < (asked[at + 1]?.from ?? done); step++) if (was(step) !== is(step)) return false;
    return true;
  });
}
