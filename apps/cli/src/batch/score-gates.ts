// Gates of a batch: conditions on the numbers that its rows gave, over all of them or for each.
import type { BatchRowRecord } from '@facewright/core';
import type { GateResult } from '../gates/check-gates.ts';
import { findName, holds, parseGate, type Gate } from '../gates/parse-gate.ts';

export interface BatchGate extends Gate {
  /** It has to hold for every row, not for their mean. */
  readonly each: boolean;
}

/** As for a run, with `each ` before it where every row has to pass by itself. Throws CLI_BAD_GATE. */
export function parseBatchGate(text: string): BatchGate {
  const each = /^\s*each\s+/i.exec(text)?.[0];
  return { ...parseGate(each === undefined ? text : text.slice(each.length)), text, each: each !== undefined };
}

/** Means, ends and counts of the numbers of a batch, row by row, so that no table of them lies in memory. */
interface Numbers {
  sum: number;
  rows: number;
  least: number;
  most: number;
}
interface Name {
  readonly name: string;
  readonly metric: string;
  readonly variant: string;
  readonly of: Gate['of'];
}
const nameParts = (name: string): Name => {
  const [, rest = name, of] = /^(.*)\.(difference|low|high)$/.exec(name) ?? [];
  const colon = rest.indexOf(':');
  return {
    name,
    metric: colon < 0 ? rest : rest.slice(0, colon),
    variant: colon < 0 ? '' : rest.slice(colon + 1),
    of: (of as Gate['of'] | undefined) ?? 'mean',
  };
};

export interface GateBook {
  add(record: BatchRowRecord): void;
  results(): readonly GateResult[];
}
/** A result for each gate and variant, and at least one for each gate. Failed rows have no numbers and do not count. */
export function openGateBook(gates: readonly BatchGate[]): GateBook {
  const numbers = new Map<string, Numbers>();
  let finished = 0;
  const failed = (gate: BatchGate, variant: string, note: string): GateResult => ({
    gate: gate.text,
    passed: false,
    metric: gate.metric,
    variant,
    value: null,
    interval: null,
    note,
  });
  function check(gate: BatchGate): readonly GateResult[] {
    const names = [...numbers.keys()].map(nameParts);
    const metric = findName(gate.metric, [...new Set(names.map((name) => name.metric))]);
    if (metric === undefined) {
      const known = [...new Set(names.map((name) => name.metric))];
      return [
        failed(gate, gate.variant ?? '', known.length > 0 ? `no such metric; there are ${known.join(', ')}` : 'no row gave a number'),
      ];
    }
    const of = names.filter((name) => name.metric === metric && name.of === gate.of);
    const own = of.filter(({ variant }) => variant === '');
    // Those that are compared with a base are its rivals.
    const rivals = names.filter((name) => name.metric === metric && name.of === 'difference').map(({ variant }) => variant);
    const wanted =
      gate.variant !== null
        ? of.filter(
            ({ variant }) =>
              variant ===
              findName(
                gate.variant!,
                of.map((name) => name.variant),
              ),
          )
        : own.length > 0
          ? own
          : of.filter(({ variant }) => rivals.length === 0 || rivals.includes(variant));
    if (wanted.length === 0) return [failed(gate, gate.variant ?? '', 'no row gave this number')];
    return wanted.map(({ name, variant }) => {
      const { sum, rows, least, most } = numbers.get(name)!;
      const value = !gate.each ? sum / rows : gate.operator.startsWith('>') ? least : most;
      const missing = gate.each ? finished - rows : 0;
      const passed = missing === 0 && holds(value, gate.operator, gate.threshold);
      const note = missing > 0 ? `${missing} rows did not give it` : undefined;
      return {
        gate: gate.text,
        passed,
        metric,
        variant,
        value: missing > 0 ? null : value,
        interval: null,
        ...(note !== undefined && { note }),
      };
    });
  }
  return {
    add({ status, scores }) {
      if (status !== 'finished') return;
      finished++;
      for (const [name, value] of Object.entries(scores)) {
        const known = numbers.get(name);
        if (!known) numbers.set(name, { sum: value, rows: 1, least: value, most: value });
        else {
          known.sum += value;
          known.rows++;
          known.least = Math.min(known.least, value);
          known.most = Math.max(known.most, value);
        }
      }
    },
    results: () => gates.flatMap(check),
  };
}
