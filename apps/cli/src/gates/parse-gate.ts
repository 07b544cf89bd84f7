// --gate: a condition on a number of an evaluator's report, such as FaceScore>=+0.1.
import { err } from '../errors.ts';

export type Operator = '>=' | '>' | '<=' | '<';
export interface Gate {
  /** As it was written. */
  readonly text: string;
  readonly metric: string;
  /** Null: every variant but the base. */
  readonly variant: string | null;
  /** 'mean': of the variant itself. The others are of its paired difference to the base: the estimate, or an end of its interval. */
  readonly of: 'mean' | 'difference' | 'low' | 'high';
  readonly operator: Operator;
  readonly threshold: number;
}

/**
 * METRIC[.low|.high][:VARIANT] (>=|>|<=|<) NUMBER. A number with a sign asks for the difference to the base, one without for the mean;
 * .low and .high always ask for the difference. Throws CLI_BAD_GATE.
 */
export function parseGate(text: string): Gate {
  const [, name = '', bound, variant, operator, number = ''] =
    /^\s*([^:<>=]+?)\s*(?:\.(low|high))?\s*(?::\s*([^<>=]+?)\s*)?(>=|<=|>|<)\s*([+-]?\d*\.?\d+(?:e[+-]?\d+)?)\s*$/i.exec(text) ?? [];
  const threshold = Number(number);
  if (name === '' || number === '' || !Number.isFinite(threshold)) throw err.BAD_GATE(text);
  return {
    text,
    metric: name,
    variant: variant ?? null,
    of: bound ? (bound.toLowerCase() as 'low' | 'high') : /^[+-]/.test(number) ? 'difference' : 'mean',
    operator: operator as Operator,
    threshold,
  };
}

export const holds = (value: number, operator: Operator, threshold: number): boolean => {
  switch (operator) {
    case '>=':
      return value >= threshold;
    case '>':
      return value > threshold;
    case '<=':
      return value <= threshold;
    case '<':
      return value < threshold;
  }
};

const plain = (name: string) => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
/** What one evaluator calls otherwise than the field does. */
const alsoCalled: Readonly<Record<string, string>> = { fid: 'frechetdistance', facesfound: 'facefound' };

/** The known name that is meant, whatever its case and spaces. */
export function findName(wanted: string, known: readonly string[]): string | undefined {
  const by = (name: string | undefined) => (name === undefined ? undefined : known.find((one) => plain(one) === name));
  return by(plain(wanted)) ?? by(alsoCalled[plain(wanted)]);
}
