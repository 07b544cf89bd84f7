// How a value was made, written down for manifests.
import type { AnyPorts, FileRef, Made, Model, NodeContext, NodeDefinition } from '@facewright/core';
import { digestOf } from './model-files.ts';

/** What a node writes down: itself, its models, what it was told, and the provider that computed. */
export const madeBy = (
  { type, version }: Pick<NodeDefinition<AnyPorts, AnyPorts>, 'type' | 'version'>,
  models: Readonly<Record<string, Model>>,
  settings: Made['settings'],
  { provider }: Pick<NodeContext, 'provider'>,
): Made => ({
  by: `${type}@${version}`,
  models: Object.fromEntries(Object.entries(models).map(([port, model]) => [port, { name: model.name, weights: weightsOf(model) }])),
  settings: { ...settings, provider },
});

/** Digests by component, and of what is added to it with its strength. */
function weightsOf({ components, loras, embeddings = [] }: Model): Record<string, string> {
  const named = (entries: readonly (readonly [string, FileRef | null])[]) =>
    entries.flatMap(([name, ref]) => (ref ? [[name, digestOf(ref)] as const] : []));
  return Object.fromEntries([
    ...named(Object.entries(components).map(([name, { weights }]) => [name, weights])),
    ...named(
      loras.map(({ name, weights, strength, textStrength = strength }) => [`lora ${name} x ${strength}, text x ${textStrength}`, weights]),
    ),
    ...named(embeddings.map(({ name, weights }) => [`embedding ${name}`, weights])),
  ]);
}
