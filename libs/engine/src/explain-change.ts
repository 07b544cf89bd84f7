// Why a node runs: its key now against its key when it last had a result.
import { show } from '@facewright/core';
import { canonicalJson } from './plain-data.ts';
import type { PastResult } from './result-cache.ts';
import type { InputPart, KeyParts } from './result-key.ts';

function inputChange(name: string, before: InputPart | undefined, now: InputPart | undefined): string | undefined {
  const subject = `input ${name}`;
  if (!now) return `${subject} was removed`;
  if (!before) return `${subject} is new`;
  if ('value' in before && 'value' in now)
    return canonicalJson(before.value) === canonicalJson(now.value)
      ? undefined
      : `${subject} changed from ${show(before.value)} to ${show(now.value)}`;
  if ('path' in before && 'path' in now) {
    if (before.path !== now.path) return `${subject} changed from ${show(before.path)} to ${show(now.path)}`;
    return before.digest === now.digest ? undefined : `the files of ${subject} changed`;
  }
  if ('key' in before && 'key' in now) {
    if (before.key === now.key && before.output === now.output) return undefined;
    return before.node === now.node && before.output === now.output
      ? `upstream node ${now.node} changed`
      : `${subject} was linked to ${before.node}.${before.output} and is now linked to ${now.node}.${now.output}`;
  }
  return 'key' in now ? `${subject} is now linked to ${now.node}.${now.output}` : `${subject} is no longer linked`;
}

/** One sentence with every difference; `before` is null when the node never had a result in this graph. */
export function explainChange(before: PastResult | null, now: KeyParts): string {
  if (!before) return 'never ran before';
  if (before.type !== now.type) return `the node was a ${before.type}`;
  const names = new Set([...Object.keys(now.inputs), ...Object.keys(before.inputs)]);
  const changes = [
    before.version !== now.version && `node version changed from ${before.version} to ${now.version}`,
    before.codeDigest !== now.codeDigest && "the plugin's code changed",
    before.nothingComputed !== now.nothingComputed && 'results of the null provider do not count elsewhere',
    canonicalJson(before.fresh) !== canonicalJson(now.fresh) &&
      `what tells whether it is fresh changed from ${show(before.fresh)} to ${show(now.fresh)}`,
    ...[...names].map((name) => inputChange(name, before.inputs[name], now.inputs[name])),
  ].filter((change) => typeof change === 'string');
  if (changes.length === 0 && before.unfinished !== undefined) return `its last result was unfinished: ${before.unfinished}`;
  return changes.length === 0 ? 'its stored result is gone' : [...new Set(changes)].join('; ');
}
