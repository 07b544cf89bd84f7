// The table of gates for people.
import { styleText } from 'node:util';
import type { GateResult } from './check-gates.ts';

const number = (value: number) => value.toFixed(Math.abs(value) < 0.1 ? 4 : 3);

/** A line for each gate and variant, and how many failed. `colours` for a terminal. */
export function gateTable(results: readonly GateResult[], colours: boolean): string {
  const colour = (style: 'green' | 'red' | 'dim', text: string) => (colours ? styleText(style, text, { validateStream: false }) : text);
  const cells = results.map(({ gate, passed, variant, value, interval, note }) => ({
    passed,
    gate,
    variant,
    value: value === null ? (note ?? 'no value') : `${number(value)}${interval ? ` [${number(interval[0])}, ${number(interval[1])}]` : ''}`,
  }));
  const width = (of: 'gate' | 'variant') => Math.max(...cells.map((cell) => cell[of].length));
  const [gates, variants] = [width('gate'), width('variant')];
  const failed = results.filter(({ passed }) => !passed).length;
  return [
    ...cells.map(
      ({ passed, gate, variant, value }) =>
        `${passed ? colour('green', '✓ passed') : colour('red', '✗ failed')}  ${gate.padEnd(gates)}  ${variant.padEnd(variants)}  ${value}`,
    ),
    failed === 0 ? `All ${results.length} gates passed` : colour('red', `${failed} of ${results.length} gates failed`),
  ].join('\n');
}
