// litegraph compares slots by a string; this keeps the port type behind each string and lets the port schema decide.
import { canConnect, type PortType } from '@facewright/core';
import { LGraphCanvas, LiteGraph } from 'litegraph.js';
import { missingColour, portColour } from './port-colours.ts';

const known = new Map<string, PortType>();
/** The type of a slot whose port nobody declares: a missing node type, or a port that a newer version dropped. */
export const missingSlot = 'missing';
let trusting = false;

/** The string under which litegraph gets to know a port type. litegraph splits types at commas and folds case, so neither may matter. */
export function slotType(type: PortType): string {
  const key = [...new TextEncoder().encode(JSON.stringify(type))].map((byte) => byte.toString(16)).join('');
  if (!known.has(key)) {
    known.set(key, type);
    LGraphCanvas.link_type_colors[key] = portColour(type);
  }
  return key;
}
export const portOfSlot = (key: unknown): PortType | undefined => known.get(String(key));

/** True, or why the output may not feed the input. */
export function linkAnswer(output: unknown, input: unknown): true | string {
  const from = portOfSlot(output);
  const to = portOfSlot(input);
  return from && to ? canConnect(from, to) : 'one of the two ports is missing on this server';
}

/** Within `work`, any link may be made: a saved graph is shown as it is, and validation says what is wrong with it. */
export function trustLinks<T>(work: () => T): T {
  trusting = true;
  try {
    return work();
  } finally {
    trusting = false;
  }
}

export function installSlotTypes(): void {
  LiteGraph.isValidConnection = (output, input) => trusting || linkAnswer(output, input) === true;
  LGraphCanvas.link_type_colors[missingSlot] = missingColour;
}
