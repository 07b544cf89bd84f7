// What types cannot say about a node definition, checked when it is loaded.
import type { CodedError } from '@facewright/tensor';
import { err, messageOf, toProblem } from './errors.ts';
import type { Problem } from './graph.ts';
import type { NodeDefinition } from './node.ts';
import { isSubgraphType } from './subgraph-ports.ts';

/** All problems of a definition: namespaced type, version, port names, ranges, type variables, defaults that pass their own check, inputs it extends or needs, one migration per version. */
export function checkDefinition(definition: NodeDefinition): Problem[] {
  const { type, version, migrations = [], extends: extended = [] } = definition;
  const problems: Problem[] = [];
  const say = (error: CodedError, ...where: string[]) => problems.push(toProblem(error.at(`node type ${type}`, ...where)));
  if (!/^[\w@.-]+\/[\w.-]+$/.test(type) || isSubgraphType(type)) say(err.BAD_NODE_TYPE(type));
  if (!Number.isInteger(version) || version < 1) say(err.BAD_VERSION(version));
  const reached = migrations.map(({ to }) => to);
  if (reached.length !== version - 1 || reached.some((to, i) => to !== i + 2)) say(err.MIGRATION_GAP(version, reached));
  for (const name of extended) if (!Object.hasOwn(definition.inputs, name)) say(err.BAD_EXTENDS(name));
  const lazy = Object.entries(definition.inputs).flatMap(([name, port]) => (port.lazy ? [name] : []));
  if (lazy.length > 0 !== (definition.needs !== undefined)) say(err.LAZY_NEEDS(lazy));
  for (const side of ['input', 'output'] as const)
    for (const [name, port] of Object.entries(side === 'input' ? definition.inputs : definition.outputs)) {
      const where = `${side} ${name}`;
      if (!/^[a-zA-Z]\w*$/.test(name)) say(err.BAD_PORT_NAME(name), where);
      if (
        port.type.kind === 'number' &&
        !(Number.isFinite(port.type.min) && Number.isFinite(port.type.max) && port.type.min <= port.type.max)
      )
        say(err.BAD_RANGE(port.type.min, port.type.max), where);
      const { type: portType } = port;
      if (portType.kind === 'same' && definition.inputs[portType.as]?.type.kind !== 'any') say(err.BAD_SAME(portType.as), where);
      if (port.each && side === 'input') say(err.BAD_SIDE('each', side), where);
      if (side === 'output') for (const what of ['lazy', 'many'] as const) if (port[what]) say(err.BAD_SIDE(what, side), where);
      if (port.default === undefined) continue;
      try {
        port.check(port.default);
      } catch (error) {
        say(err.BAD_DEFAULT(messageOf(error)), where);
      }
    }
  return problems;
}
