// Runs a node of the plan, once or for each item of its lists, and tells its start and its end.
import { blocked, type NodeDefinition, type NodeOutputs, type PortTypes, type Problem } from '@facewright/core';
import { flatten, isItem, itemsOf, project, shownOutputs, type Item, type ItemTree } from './nested.ts';
import { createProgress, type Progress } from './node-context.ts';
import { performCall, type Called, storing, unfinishedInput } from './perform-call.ts';
import { freezeData } from './plain-data.ts';
import { resultKey, type InputPart } from './result-key.ts';
import { valueOf } from './schedule.ts';
import { StepFailure, waitingAtOnce, type Scope } from './scope.ts';
import type { Result, Step } from './step.ts';

/** What the node gives is stored, unless it is blocked, unfinished or writes. Throws StepFailure. */
export async function performStep(scope: Scope, types: PortTypes, step: Step): Promise<Result> {
  const { id: node, definition, depth } = step;
  const { emit, history, document } = scope;
  const { key, parts } = step.keyed!;
  const tree = itemsOf(
    Object.keys(parts.inputs).flatMap((name) => {
      const feed = step.feeds.get(name);
      return feed ? [{ name, value: valueOf(feed), depth: feed.mapped }] : [];
    }),
  );
  const items = flatten(tree);
  if (items.length > 0 && items.every((item) => item.blocked !== null)) {
    emit({ type: 'node_blocked', node, reason: items[0]!.blocked! });
    return { outputs: outputsFrom(definition, () => project(tree, (item) => blocked(item.blocked!))) };
  }
  const begun = performance.now();
  emit({ type: 'node_started', node });
  if (step.staleness !== undefined)
    emit({
      type: 'node_log',
      node,
      level: 'warn',
      message: `fresh: expected it to tell whether a stored result counts, got ${step.staleness}`,
    });
  const result =
    depth === 0 && isItem(tree)
      ? await performCall(scope, types, step, { item: tree, parts, key }, createProgress(scope, node))
      : await performItems(scope, types, step, tree, items);
  const { outputs, unfinished, memory } = result;
  const seconds = (performance.now() - begun) / 1000;
  const because = unfinished === undefined ? {} : { unfinished };
  await storing(scope, node, async () => {
    if (depth > 0 && definition.effects !== 'writes' && unfinished === undefined) await scope.cache.set(key, { parts, outputs, seconds });
    await history.set(document.name, node, { ...parts, ...because });
  });
  emit({ type: 'node_finished', node, outputs: shownOutputs(outputs), seconds, ...(memory !== null && { memory }), ...because });
  return { outputs, ...because };
}

const outputsFrom = ({ outputs }: NodeDefinition, valueOf: (name: string) => unknown): NodeOutputs =>
  freezeData(Object.fromEntries(Object.keys(outputs).map((name) => [name, valueOf(name)])), 'outputs');

/** All items are tried, so that one that fails costs only itself; then the node fails with the problems of all that did. */
async function performItems(scope: Scope, types: PortTypes, step: Step, tree: ItemTree, items: readonly Item[]): Promise<Called> {
  const { id: node, definition } = step;
  const { emit, signal, cache } = scope;
  const results = new Map<Item, Result>();
  const problems: Problem[] = [];
  const progress = createProgress(scope, node);
  /** Steps of one item: progress counts those of all. */
  let total = 1;
  const report = (done: number, preview?: Parameters<Progress['report']>[2]) =>
    progress.report((results.size + problems.length) * total + done, items.length * total, preview);

  let memory: number | null = null;

  async function perform(item: Item): Promise<Result> {
    const { place } = item;
    if (item.blocked !== null) {
      emit({ type: 'item_blocked', node, item: place, reason: item.blocked });
      return { outputs: outputsFrom(definition, () => blocked(item.blocked!)) };
    }
    const parts = { ...step.keyed!.parts, inputs: { ...step.keyed!.parts.inputs, ...itemParts(step, item) } };
    const key = resultKey(parts);
    // An item counts by what it holds, unless other inputs are not what their keys say.
    const stored = definition.effects === 'writes' || unfinishedInput(step) !== undefined ? null : await cache.get(key);
    if (stored) {
      emit({ type: 'item_cached', node, item: place, outputs: shownOutputs(stored.outputs) });
      return { outputs: freezeData(stored.outputs, 'stored outputs') };
    }
    const begun = performance.now();
    const ofItem: Progress = {
      ...progress,
      report(done, of, preview) {
        total = of;
        report(done, preview);
      },
    };
    const result = await performCall(scope, types, step, { item, parts, key }, ofItem);
    if (result.memory !== null) memory = Math.max(memory ?? 0, result.memory);
    emit({ type: 'item_finished', node, item: place, outputs: shownOutputs(result.outputs), seconds: (performance.now() - begun) / 1000 });
    return result;
  }
  const left = items.values();
  const lane = async () => {
    for (const item of left) {
      signal.throwIfAborted();
      try {
        results.set(item, await perform(item));
      } catch (error) {
        if (!(error instanceof StepFailure) || signal.aborted) throw error;
        problems.push(...error.problems);
        emit({ type: 'item_failed', node, item: item.place, problem: error.problems[0]! });
      }
      report(0);
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: definition.waits ? waitingAtOnce : 1 }, lane));
  for (const { reason } of lanes.filter((ended) => ended.status === 'rejected')) throw reason;
  if (problems.length > 0) throw new StepFailure(problems);
  const unfinished = [...results.values()].find((result) => result.unfinished !== undefined)?.unfinished;
  // JSON has no undefined: an optional output that an item has not given is missing there.
  const outputs = outputsFrom(definition, (name) => project(tree, (item) => results.get(item)!.outputs[name] ?? blocked()));
  return { outputs, memory, ...(unfinished !== undefined && { unfinished }) };
}

/** Inputs that differ from item to item count by what they hold, so that an item is known again wherever it stands in a list. */
const itemParts = ({ feeds }: Step, { values }: Item): Record<string, InputPart> =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]): [string, InputPart][] => (feeds.get(name)!.mapped > 0 ? [[name, { value }]] : [])),
  );
