// Steps that may run, the one of the lowest rank first: a binary heap.

export interface ReadyQueue<T> {
  push(entry: T): void;
  pop(): T | undefined;
}
export function createReadyQueue<T extends { readonly rank: number }>(): ReadyQueue<T> {
  const heap: T[] = [];
  const swap = (a: number, b: number) => {
    [heap[a], heap[b]] = [heap[b]!, heap[a]!];
  };
  const less = (a: number, b: number) => heap[a]!.rank < heap[b]!.rank;
  return {
    push(entry) {
      let at = heap.push(entry) - 1;
      for (let parent = (at - 1) >> 1; at > 0 && less(at, parent); at = parent, parent = (at - 1) >> 1) swap(at, parent);
    },
    pop() {
      const first = heap[0];
      const last = heap.pop();
      if (heap.length === 0 || last === undefined) return first;
      heap[0] = last;
      for (let at = 0; ;) {
        const left = 2 * at + 1;
        const child = left + 1 < heap.length && less(left + 1, left) ? left + 1 : left;
        if (child >= heap.length || !less(child, at)) return first;
        swap(at, child);
        at = child;
      }
    },
  };
}
