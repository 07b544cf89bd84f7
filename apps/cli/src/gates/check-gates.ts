// Gates against the reports of a run: which hold, and by how much.
import { reportNumbers, type Asset, type NodeOutputs, type Report, type ReportNumbers } from '@facewright/core';
import { holds, findName, type Gate } from './parse-gate.ts';

export interface GateResult {
  readonly gate: string;
  readonly passed: boolean;
  readonly metric: string;
  readonly variant: string;
  /** What was compared with the threshold; null when there is none, which no gate passes. */
  readonly value: number | null;
  /** Of the difference to the base, where that was asked for and there is one. */
  readonly interval: readonly [number, number] | null;
  /** Why there is no value. */
  readonly note?: string;
}

/** The numbers in the reports among the outputs of a run. */
export async function readReports(
  outputs: Readonly<Record<string, NodeOutputs>>,
  read: (asset: Asset) => Promise<Uint8Array>,
): Promise<readonly ReportNumbers[]> {
  const reports = Object.values(outputs).flatMap((ports) => Object.values(ports).flat(Infinity).filter(isReport));
  const all = await Promise.all(reports.map(async ({ json }) => reportNumbers(await read(json))));
  return all.filter((numbers) => numbers !== null);
}
export const isReport = (value: unknown): value is Report =>
  typeof value === 'object' && value !== null && 'html' in value && 'json' in value && 'summary' in value;

/** A result for each gate and variant, and at least one for each gate. */
export const checkGates = (gates: readonly Gate[], reports: readonly ReportNumbers[]): readonly GateResult[] =>
  gates.flatMap((gate) => {
    const found = reports.flatMap((report) => checkGate(gate, report) ?? []);
    if (found.length > 0) return found;
    const known = [...new Set(reports.flatMap(({ summaries }) => Object.keys(summaries[0]?.values ?? {})))];
    const note = known.length > 0 ? `no such metric; there are ${known.join(', ')}` : 'no report with numbers';
    return [{ gate: gate.text, passed: false, metric: gate.metric, variant: gate.variant ?? '', value: null, interval: null, note }];
  });

/** Null when the report does not know the metric. */
function checkGate(gate: Gate, { summaries, comparisons }: ReportNumbers): readonly GateResult[] | null {
  const metric = findName(gate.metric, Object.keys(summaries[0]?.values ?? {}));
  if (metric === undefined) return null;
  const base = summaries.find(({ role }) => role === 'base')?.label;
  const failed = (variant: string, note: string): GateResult => ({
    gate: gate.text,
    passed: false,
    metric,
    variant,
    value: null,
    interval: null,
    note,
  });
  const labels = summaries.filter(({ role }) => role !== 'real').map(({ label }) => label);
  const rivals = summaries.filter(({ role }) => role === 'variant').map(({ label }) => label);
  if (gate.variant !== null) {
    const variant = findName(gate.variant, labels);
    return [variant === undefined ? failed(gate.variant, `no such variant; there are ${labels.join(', ')}`) : check(variant)];
  }
  if (rivals.length > 0) return rivals.map(check);
  return gate.of === 'mean' && base !== undefined ? [check(base)] : [failed('', 'there is no variant but the base')];

  function check(variant: string): GateResult {
    if (gate.of === 'mean')
      return judged(variant, summaries.find(({ label }) => label === variant)!.values[metric!] ?? null, null, 'nothing was measured');
    const found = comparisons.find((c) => c.variant === variant && c.against === base && c.measure === metric);
    if (!found) return failed(variant, 'the base has no difference to itself');
    const { estimate, low, high } = found.difference;
    const interval = low === null || high === null ? null : ([low, high] as const);
    const value = gate.of === 'difference' ? estimate : gate.of === 'low' ? low : high;
    return judged(variant, value, interval, estimate === null ? 'nothing was measured' : 'this difference has no interval');
  }
  function judged(variant: string, value: number | null, interval: GateResult['interval'], note: string): GateResult {
    if (value === null) return { ...failed(variant, note), interval };
    return { gate: gate.text, passed: holds(value, gate.operator, gate.threshold), metric: metric!, variant, value, interval };
  }
}
