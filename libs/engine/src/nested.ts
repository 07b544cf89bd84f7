// Values of list outputs: nested arrays, as deep as lists were mapped over; how nodes meet them item by item.
import { blockedReason, isBlocked, type NodeOutputs } from '@facewright/core';

/** Arrays in arrays of one depth, which the graph tells. In place of a list, or of an item, may stand what says that it is blocked. */
export type Nested = unknown;

/** One call of a node: the values of its linked inputs, and where in the lists they stand. */
export interface Item {
  readonly place: readonly number[];
  readonly values: Readonly<Record<string, unknown>>;
  /** Why there is nothing to call it with; null when there is. */
  readonly blocked: string | null;
}
export type ItemTree = Item | readonly ItemTree[];
interface Entry {
  readonly name: string;
  readonly value: Nested;
  /** Levels of lists that the node runs through. */
  readonly depth: number;
}

/**
 * The calls of a node whose inputs come from lists. Lists of one level go in step, and a shorter one repeats its last item; an input without that level is the same for
 * all. An empty list gives no call.
 */
export function itemsOf(entries: readonly Entry[], place: readonly number[] = []): ItemTree {
  const stopped = entries.find(({ value }) => isBlocked(value));
  const lists = entries.filter(({ depth }) => depth > 0);
  if (stopped || lists.length === 0)
    return {
      place,
      values: Object.fromEntries(entries.map(({ name, value }) => [name, value])),
      blocked: stopped ? blockedReason(stopped.value) : null,
    };
  const lengths = lists.map(({ value }) => (value as readonly unknown[]).length);
  const length = lengths.includes(0) ? 0 : Math.max(...lengths);
  return Array.from({ length }, (_, index) =>
    itemsOf(
      entries.map(({ name, value, depth }) => {
        if (depth === 0) return { name, value, depth };
        const list = value as readonly unknown[];
        return { name, value: list[Math.min(index, list.length - 1)], depth: depth - 1 };
      }),
      [...place, index],
    ),
  );
}

export const isItem = (tree: ItemTree): tree is Item => !Array.isArray(tree);
export const flatten = (tree: ItemTree): readonly Item[] => (isItem(tree) ? [tree] : tree.flatMap(flatten));

/** Each item of a tree replaced, in the shape of the tree. */
export const project = (tree: ItemTree, of: (item: Item) => unknown): Nested =>
  isItem(tree) ? of(tree) : tree.map((part) => project(part, of));

/** All items of the innermost lists of a value become one value, without those that are blocked; a value that is no list is a list of one. */
export function collected(value: Nested, depth: number): Nested {
  if (isBlocked(value)) return value;
  if (depth === 0) return [value];
  const list = value as readonly Nested[];
  return depth === 1 ? list.filter((item) => !isBlocked(item)) : list.map((part) => collected(part, depth - 1));
}

/** `check` at every value under `depth` lists, blocked ones left out. */
export function everyValue(value: Nested, depth: number, check: (leaf: unknown) => void): void {
  if (isBlocked(value)) return;
  if (depth === 0) check(value);
  else for (const part of value as readonly Nested[]) everyValue(part, depth - 1, check);
}

const unblocked = (value: Nested): Nested =>
  Array.isArray(value) && value.some((part) => isBlocked(part) || Array.isArray(part))
    ? value.filter((part) => !isBlocked(part)).map(unblocked)
    : value;
/** What is told of outputs: without those, and without the items, that are blocked. */
export function shownOutputs(outputs: NodeOutputs): NodeOutputs {
  const values = Object.entries(outputs);
  if (!values.some(([, value]) => isBlocked(value) || Array.isArray(value))) return outputs;
  return Object.fromEntries(values.flatMap(([name, value]) => (isBlocked(value) ? [] : [[name, unblocked(value)]])));
}
