// A cell of a data file as the value that an input takes.
import type { Cell, PortType } from '@facewright/core';

const YES = new Set(['true', 'yes', '1', 'on']);
const NO = new Set(['false', 'no', '0', 'off']);
/** Decimal, as spreadsheets write it; `0x10` and `Infinity` are none. */
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** Null where the cell says nothing, so that what the graph has stays; only a text may be empty. What does not fit comes back as it is, for the port to refuse. */
export function typedCell(type: PortType, cell: Cell): Cell {
  if (cell === null) return null;
  if (type.kind === 'text') return String(cell);
  if (typeof cell !== 'string') return type.kind === 'choice' && typeof cell === 'number' ? String(cell) : cell;
  const text = cell.trim();
  if (text === '') return null;
  switch (type.kind) {
    case 'number':
    case 'seed':
      return NUMBER.test(text) ? Number(text) : cell;
    case 'boolean':
      return YES.has(text.toLowerCase()) ? true : NO.has(text.toLowerCase()) ? false : cell;
    default:
      return text;
  }
}
