// The values of one side of a matrix from a text: `1,2,5`, `1..5`, `0..1..0.25`, `"a, b",c`.
import type { Cell, PortType } from '@facewright/core';
import { parse } from 'csv-parse/sync';
import { err } from '../errors.ts';

/** What people can still look through; more belong into a data file. */
const MOST_VALUES = 10_000;
const RANGE = /^\s*(-?\d+(?:\.\d+)?)\.\.(-?\d+(?:\.\d+)?)(?:\.\.(\d+(?:\.\d+)?))?\s*$/;
const decimals = (text: string) => text.split('.')[1]?.length ?? 0;

/** Ranges count for numbers and seeds only. Throws SERVER_BATCH_MATRIX. */
export function axisValues(target: string, type: PortType, given: string | readonly Cell[]): readonly Cell[] {
  const texts = typeof given === 'string' ? split(target, given) : given;
  const values = texts.flatMap((text) =>
    typeof text === 'string' && (type.kind === 'number' || type.kind === 'seed') ? expand(target, text) : [text],
  );
  if (values.length === 0 || values.some((value) => value === '' && type.kind !== 'text'))
    throw err.BATCH_MATRIX(target, 'values with commas between them', typeof given === 'string' ? given || 'nothing' : 'an empty one');
  if (values.length > MOST_VALUES) throw err.BATCH_MATRIX(target, `at most ${MOST_VALUES} values`, String(values.length));
  return values;
}

function split(target: string, text: string): readonly string[] {
  try {
    return (parse(text, { relax_quotes: true, trim: true, to: 2 }) as string[][]).flat();
  } catch (error) {
    throw err.BATCH_MATRIX(target, 'values with commas between them', (error as Error).message);
  }
}

/** Both ends belong to it. Steps are counted, so that tenths do not add up to something else. */
function expand(target: string, text: string): readonly Cell[] {
  const [, first, last, by = '1'] = RANGE.exec(text) ?? [];
  if (first === undefined || last === undefined) return [text];
  const [from, to, step] = [Number(first), Number(last), Number(by)];
  const count = Math.floor(Math.abs(to - from) / step + 1e-9) + 1;
  if (!(step > 0) || count > MOST_VALUES)
    throw err.BATCH_MATRIX(target, `a range of at most ${MOST_VALUES} values and a step above 0`, text);
  const digits = Math.max(decimals(first), decimals(by));
  return Array.from({ length: count }, (_, i) => Number((from + Math.sign(to - from) * step * i).toFixed(digits)));
}
