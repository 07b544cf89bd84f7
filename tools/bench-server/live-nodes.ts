// A node that says much, for the measurement of live events.
import { setTimeout as sleep } from 'node:timers/promises';
import { defineNode, nodePackage, port, type NodePackage } from '@facewright/core';

const chatter = defineNode({
  type: 'bench/chatter',
  version: 1,
  title: 'Chatter',
  summary: 'Tells a metric, or a message of some length, many times a second from a point in time on.',
  category: 'Bench',
  effects: 'writes',
  output: true,
  inputs: {
    /** Milliseconds since 1970. */
    from: port.integer({ min: 0, max: Number.MAX_SAFE_INTEGER, default: 0 }),
    perSecond: port.integer({ min: 1, max: 1000, default: 50 }),
    seconds: port.integer({ min: 1, max: 600, default: 10 }),
    /** Characters of a message; 0: metrics. */
    letters: port.integer({ min: 0, max: 100_000, default: 0 }),
  },
  outputs: {},
});

export const packages: readonly NodePackage[] = [
  nodePackage(chatter, async () => ({
    run: async ({ from, perSecond, seconds, letters }, { log, metric, signal }) => {
      for (let i = 0; i < perSecond * seconds; i++) {
        signal.throwIfAborted();
        // By the clock, so that a late one does not delay those after it.
        const wait = from + (i * 1000) / perSecond - Date.now();
        if (wait > 0) await sleep(wait);
        if (letters > 0) log('info', 'x'.repeat(letters));
        else metric('loss', i, i);
      }
      return {};
    },
  })),
];
