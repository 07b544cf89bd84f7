// Values of fields: as text, from text, by dragging, at random.
import type { PortType } from '@facewright/core';

export const fieldText = (value: unknown): string =>
  value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value);

/** A value that was typed and is not the usual one. */
export const differs = (value: unknown, usual: unknown): boolean => value !== undefined && JSON.stringify(value) !== JSON.stringify(usual);

/** 32 bits are plenty to pick from, and short enough to read out. */
export const randomSeed = (): number => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;

type NumberType = Extract<PortType, { readonly kind: 'number' }>;

/** Step of a number field: 1 for whole numbers, else the power of ten at or below a hundredth of the range, at most 0.01. */
export function stepOf({ min, max, integer }: NumberType): number {
  return integer ? 1 : Math.min(0.01, 10 ** Math.floor(Math.log10((max - min) / 100)));
}

/** The value after dragging `pixels` sideways from `from`: one step per 4 pixels, faster the farther. */
export function scrubbed(type: NumberType, from: number, pixels: number): number {
  const step = stepOf(type);
  const steps = Math.trunc((Math.sign(pixels) * Math.abs(pixels) ** 1.3) / 8);
  return clamped(type, Number((Math.round(from / step) * step + steps * step).toPrecision(12)));
}
const clamped = ({ min, max }: NumberType, value: number): number => Math.min(max, Math.max(min, value));

/** What a person typed, as the port wants it, or why it cannot be. An empty field is no value. */
export function parseField(type: PortType, text: string): { readonly value: unknown } | { readonly problem: string } {
  switch (type.kind) {
    case 'number': {
      if (text.trim() === '') return { value: undefined };
      const value = Number(text.replace(',', '.'));
      if (!Number.isFinite(value) || (type.integer && !Number.isInteger(value)) || value < type.min || value > type.max)
        return { problem: `expected a ${type.integer ? 'whole ' : ''}number from ${type.min} to ${type.max}` };
      return { value };
    }
    case 'seed': {
      if (text.trim() === '') return { value: undefined };
      const value = Number(text);
      return Number.isSafeInteger(value) && value >= 0 ? { value } : { problem: 'expected a whole number from 0 to 9007199254740991' };
    }
    case 'path':
      return { value: text.trim() === '' ? undefined : text.trim() };
    default:
      return { value: text };
  }
}
