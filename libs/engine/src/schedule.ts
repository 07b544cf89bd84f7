// What is to be computed, worked out as far as it is known: keys and stored results first, and again when a node has given what others wait for. Linear in the graph.
import { messageOf, type Catalogue, type Graph, type NodeOutputs } from '@facewright/core';
import { CodedError } from '@facewright/tensor';
import { err } from './errors.ts';
import type { EngineHost } from './host.ts';
import { addNeeded, Unknown } from './needed-inputs.ts';
import { collected, everyValue, flatten, itemsOf } from './nested.ts';
import { freezeData } from './plain-data.ts';
import { createReadyQueue } from './ready-queue.ts';
import type { ResultCache } from './result-cache.ts';
import { resultKey, type InputPart, type KeyParts } from './result-key.ts';
import { stepsOf, type Feed, type Result, type Step, type Steps } from './step.ts';

export interface ScheduleRequest {
  /** A graph without problems: it has passed prepareGraph with the same targets. */
  readonly graph: Graph;
  readonly catalogue: Catalogue;
  readonly cache: ResultCache;
  readonly host: Pick<EngineHost, 'fingerprint'>;
  readonly provider: string;
  readonly targets: readonly string[];
}
export interface Schedule extends Steps {
  /** The step to run next, of those that wait for something outside or of the others; undefined while none is ready. */
  next(waits: boolean): Step | undefined;
  /** Those whose stored result was found since the last call, in the order in which they would run. */
  takeStored(): readonly Step[];
  /** What a step gave; others become ready by it, or get to know what they need. Rejects as openSchedule. */
  finish(step: Step, result: Result): Promise<void>;
}

/** Where an input's value comes from, as it stands in the lists; undefined where it is not computed yet. */
export function valueOf({ from, output, depth, many }: Feed): unknown {
  const value = from.result?.outputs[output];
  return many && value !== undefined ? collected(value, depth) : value;
}

/** Rejects when a path cannot be fingerprinted (ENGINE_UNREADABLE_PATH) or a node cannot say what it needs (ENGINE_NEEDS). */
export async function openSchedule({ graph, catalogue, cache, host, provider, targets }: ScheduleRequest): Promise<Schedule> {
  const { steps, types } = stepsOf(graph, catalogue, targets);
  const fingerprints = new Map<string, Promise<string>>();
  const firstWithKey = new Map<string, Step>();
  const ready = { serial: createReadyQueue<Step>(), waits: createReadyQueue<Step>() };
  let stored: Step[] = [];

  /** Gives a step its key, or what its key waits for, and before that to all that it needs for it: with a stack of its own. */
  async function settle(first: Step): Promise<void> {
    const stack = [first];
    for (let step = stack.at(-1); step; step = stack.at(-1)) {
      const before = step.keyed || step.open ? [] : unsettledBefore(step);
      if (before.length === 0) stack.pop();
      else if (before[0] === step) await setKey(step);
      else stack.push(...before.toReversed());
    }
  }

  /** The steps to settle before this one; the step itself when it can have its key now; none when its key has to wait. */
  function unsettledBefore(step: Step): readonly Step[] {
    const { definition } = step;
    const sources: Step[] = [];
    for (const [name, { from }] of step.feeds) if (!definition.inputs[name]!.lazy || step.needed?.has(name)) sources.push(from);
    const unsettled = sources.filter(({ keyed, open }) => !keyed && !open);
    if (unsettled.length > 0) return unsettled;
    const open = sources.find((source) => source.open);
    if (open) return wait(step, 'key', open);
    if (!definition.needs) return [step];
    const before = step.needed?.size;
    const unknown = findNeeded(step);
    if (unknown) return unknown.keyed || unknown.open ? wait(step, 'value', unknown) : [unknown];
    return step.needed!.size === (before ?? 0) ? [step] : unsettledBefore(step);
  }
  function wait(step: Step, what: 'key' | 'value', of: Step): readonly Step[] {
    step.open = { what, of };
    of[what === 'key' ? 'onKey' : 'onValue'].push(step);
    return [];
  }

  /** Sets the lazy inputs that a step needs, for any of its items; gives the step whose value decides when it is not known yet. */
  function findNeeded(step: Step): Step | null {
    const { definition, feeds } = step;
    const needed = (step.needed ??= new Set());
    for (;;) {
      const entries = [];
      for (const [name, feed] of feeds) {
        const { lazy } = definition.inputs[name]!;
        if (lazy && !needed.has(name)) continue;
        if (feed.from.result) entries.push({ name, value: valueOf(feed), depth: feed.mapped });
        else if (!lazy && feed.mapped > 0) return feed.from;
      }
      let unknown: Unknown | null = null;
      for (const { values, blocked } of flatten(itemsOf(entries))) {
        if (blocked !== null) continue;
        try {
          unknown = addNeeded(definition, needed, (name) =>
            name in values ? values[name] : feeds.has(name) ? new Unknown(name) : step.values[name],
          );
        } catch (error) {
          throw error instanceof CodedError ? error.at(`node ${step.id} (${definition.type})`) : error;
        }
        if (unknown) break;
      }
      if (!unknown) return null;
      const { from } = feeds.get(unknown.input)!;
      // One that became needed on the way and has its value already is looked at in another round.
      if (!from.result) return from;
    }
  }

  async function setKey(step: Step): Promise<void> {
    const { id, definition, feeds } = step;
    const { codeDigest } = step.package;
    const counts = (name: string) => !definition.inputs[name]!.lazy || step.needed!.has(name);
    const inputs: Record<string, InputPart> = {};
    for (const [name, { from, output }] of feeds) if (counts(name)) inputs[name] = { node: from.id, output, key: from.keyed!.key };
    for (const [name, value] of Object.entries(step.values))
      if (counts(name))
        inputs[name] =
          definition.inputs[name]!.type.kind === 'path'
            ? { path: value as string, digest: await fingerprint(step, name, value as string) }
            : { value };
    const parts: KeyParts = {
      type: definition.type,
      version: definition.version,
      inputs,
      ...(codeDigest !== undefined && { codeDigest }),
      ...(provider === 'null' && { nothingComputed: true }),
      ...(definition.fresh && { fresh: await freshness(step) }),
    };
    const key = resultKey(parts);
    const found = definition.effects === 'writes' ? null : await cache.get(key);
    const fitting = found && fits(step, found.outputs) ? found : null;
    const same = fitting || definition.effects === 'writes' ? undefined : firstWithKey.get(key);
    if (!same) firstWithKey.set(key, step);
    step.keyed = { key, parts, stored: fitting, ...(same && { sameAs: same }) };
    if (!fitting) return;
    step.result = { outputs: freezeData(fitting.outputs, `stored outputs of node ${id}`) };
    stored.push(step);
  }
  function fingerprint(step: Step, input: string, path: string): Promise<string> {
    const known = fingerprints.get(path) ?? host.fingerprint(path);
    fingerprints.set(path, known);
    return known.catch((error: unknown) => {
      const coded = error instanceof CodedError ? error : err.UNREADABLE_PATH(path, messageOf(error));
      throw coded.at(`node ${step.id} (${step.definition.type})`, `input ${input}`);
    });
  }

  /** A request for the value of a step, or only for its key, and for all that this takes. */
  type Wish = readonly [step: Step, what: 'key' | 'value'];
  function want(...wishes: Wish[]): void {
    for (let wish = wishes.pop(); wish; wish = wishes.pop()) {
      const [step, what] = wish;
      if (step.wanted === 'value' || step.wanted === what) continue;
      step.wanted = what;
      wishes.push(...furthered(step));
    }
  }
  /** What a wanted step wishes for now; makes it ready when that is nothing. */
  function furthered(step: Step): Wish[] {
    if (step.open) return [[step.open.of, step.open.what]];
    if (step.wanted !== 'value' || step.result) return [];
    const { parts, sameAs } = step.keyed!;
    const sources = sameAs
      ? [sameAs]
      : Object.entries(parts.inputs).flatMap(([name, part]) => ('key' in part ? [step.feeds.get(name)!.from] : []));
    const lacking = sources.filter(({ result }) => !result);
    step.lacking = lacking.length;
    for (const source of lacking) source.consumers.push(step);
    if (lacking.length === 0) makeReady(step);
    return lacking.map((source) => [source, 'value']);
  }
  const makeReady = (step: Step) => ready[step.definition.waits && !step.keyed!.sameAs ? 'waits' : 'serial'].push(step);

  for (const id of targets) await settle(steps.get(id)!);
  want(...targets.map((id): Wish => [steps.get(id)!, 'value']));

  return {
    steps,
    types,
    next: (waits) => ready[waits ? 'waits' : 'serial'].pop(),
    takeStored() {
      const taken = stored.sort((a, b) => a.rank - b.rank);
      stored = [];
      return taken;
    },
    async finish(step, result) {
      step.result = result;
      for (const consumer of step.consumers) if (--consumer.lacking === 0) makeReady(consumer);
      // Grows while it is walked.
      const again = step.onValue.splice(0);
      for (const waiting of again) {
        delete waiting.open;
        await settle(waiting);
        if (waiting.keyed) again.push(...waiting.onKey.splice(0), ...(waiting.result ? waiting.onValue.splice(0) : []));
        if (waiting.wanted) want(...furthered(waiting));
      }
    },
  };
}

/** What `fresh` says; where it fails something that never was before. */
async function freshness(step: Step): Promise<unknown> {
  try {
    return freezeData(await step.definition.fresh!(step.values), 'fresh');
  } catch (error) {
    step.staleness = messageOf(error);
    return crypto.randomUUID();
  }
}

/** A result stored by an earlier build of the same version may not pass its ports any more; then it does not count. */
function fits({ definition, depth }: Step, stored: NodeOutputs): boolean {
  try {
    for (const [name, port] of Object.entries(definition.outputs)) everyValue(stored[name], depth, (value) => void port.check(value));
    return true;
  } catch (error) {
    if (error instanceof CodedError) return false;
    throw error;
  }
}
