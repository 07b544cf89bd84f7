// Slots of type variables take the type of what is linked to them, so that colours and refusals follow while links are made.
import { definitionsOf, portTypes, type Graph, type PortDescription } from '@facewright/core';
import type { Catalogue } from './document.ts';
import { isLinked, type GraphNode } from './graph-node.ts';
import { portColour } from './port-colours.ts';
import { slotType } from './slot-types.ts';

/** The type variable that a port is; null for one with a type of its own. */
const variableOf = ({ name, type }: PortDescription): string | null => (type.kind === 'same' ? type.as : type.kind === 'any' ? name : null);

/** `document` is what the canvas shows. */
export function resolveVariables(nodes: readonly GraphNode[], document: Graph, catalogue: Catalogue): void {
  const generic = nodes.filter(({ description }) => description?.inputs.some(({ type }) => type.kind === 'any'));
  if (generic.length === 0) return;
  const types = portTypes(document, definitionsOf(catalogue.values()));
  for (const { id, description, inputs, outputs, graph } of generic) {
    for (const port of description!.inputs) {
      const slot = inputs.find(({ name }) => name === port.name);
      if (!slot || variableOf(port) === null) continue;
      // Its own link may be replaced by one of any type, as long as no other holds the variable.
      const held = description!.inputs.some(
        (other) =>
          other !== port && variableOf(other) === variableOf(port) && inputs.some((one) => one.name === other.name && isLinked(one)),
      );
      const type = types.input(String(id), port.name);
      slot.type = slotType(held ? type : { kind: 'any' });
      slot.color_on = portColour(type);
      const link = isLinked(slot) ? graph?.getLink(slot.link) : undefined;
      if (link) link.type = slotType(type);
    }
    for (const port of description!.outputs) {
      const slot = outputs.find(({ name }) => name === port.name);
      if (slot && port.type.kind === 'same') slot.type = slotType(types.output(String(id), port.name));
    }
  }
}
