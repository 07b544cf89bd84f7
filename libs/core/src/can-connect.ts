// May this output feed that input? One answer for the link being dragged, the submitted graph and the value that crosses.
import { describeType, type PortType } from './port.ts';

/**
 * True, or why not: "expected X, got Y". An image feeds a list of images, a whole number any number, a choice text. Number ranges must only overlap, because
 * an output's range is what it may give, not what it does; the engine checks the value itself when it comes. A path is never fed by a link: the content
 * of its files is part of a result's key, so it must be known before anything runs. Type variables take and feed anything but that: portTypes says what they
 * are in a graph.
 */
export function canConnect(from: PortType, to: PortType): true | string {
  if ((from.kind === 'any' || from.kind === 'same') && to.kind !== 'path') return true;
  const no = `expected ${describeType(to)}, got ${describeType(from)}`;
  switch (to.kind) {
    case 'path':
      return `expected ${describeType(to)} typed into the field, because its files must be known before a run, got a link`;
    case 'text':
      return from.kind === 'text' || from.kind === 'choice' || from.kind === 'path' || no;
    case 'choice':
      return (from.kind === 'choice' && from.of.every((option) => to.of.includes(option))) || no;
    case 'seed':
      return from.kind === 'seed' || (from.kind === 'number' && from.integer && from.max >= 0) || no;
    case 'number':
      if (from.kind === 'seed') return to.max >= 0 || no;
      return (from.kind === 'number' && (from.integer || !to.integer) && from.min <= to.max && from.max >= to.min) || no;
    case 'images':
      return from.kind === 'images' || from.kind === 'image' || no;
    case 'any':
    case 'same':
      return true;
    case 'model':
      return (from.kind === 'model' && from.family === to.family) || no;
    default:
      return from.kind === to.kind || no;
  }
}

/** The value as the input takes it, for types that canConnect allows: a single image becomes a list of one. */
export const convertValue = (from: PortType, to: PortType, value: unknown): unknown =>
  from.kind === 'image' && to.kind === 'images' ? [value] : value;
