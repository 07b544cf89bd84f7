// Which factors differ between two locks, in plain words.
import { show, type LockedInput, type RunLock } from '@facewright/core';
import { canonicalJson } from './plain-data.ts';

export type Factor =
  | 'graph'
  | 'node'
  | 'node version'
  | 'plugin'
  | 'seed'
  | 'value'
  | 'link'
  | 'model file'
  | 'input file'
  | 'provider'
  | 'precision'
  | 'onnxruntime'
  | 'facewright'
  | 'nodejs'
  | 'platform'
  | 'device'
  | 'output';
export interface Difference {
  readonly factor: Factor;
  /** `subject: expected X, got Y`. */
  readonly message: string;
  /** Results are expected to differ. False: they may, in the last digits, or not at all. */
  readonly decides: boolean;
}

/** Everything in which `now` differs from `was`; outputs where both have some. */
export function compareLocks(was: RunLock, now: RunLock): Difference[] {
  const differences: Difference[] = [];
  const say = (factor: Factor, subject: string, before: string, after: string, decides = true) =>
    differences.push({ factor, message: `${subject}: expected ${before}, got ${after}`, decides });
  const compare = (factor: Factor, subject: string, before: string, after: string, decides = true) => {
    if (before !== after) say(factor, subject, before, after, decides);
  };

  compare('provider', 'provider', was.provider, now.provider);
  compare('onnxruntime', 'onnxruntime version', was.onnxruntime, now.onnxruntime);
  for (const [id, node] of Object.entries(was.nodes)) {
    const other = at(now.nodes, id);
    if (!other) {
      say('node', `node ${id}`, `a ${node.type}`, 'none');
      continue;
    }
    if (node.type !== other.type) {
      say('node', `node ${id}`, `a ${node.type}`, `a ${other.type}`);
      continue;
    }
    const subject = `node ${id} (${node.type})`;
    compare('node version', `version of ${subject}`, String(node.version), String(other.version));
    if (node.codeDigest !== other.codeDigest)
      say('plugin', `plugin code of ${subject}`, shaWords(node.codeDigest), shaWords(other.codeDigest));
    // Values of another version were brought up to date, which its number says already.
    if (node.version === other.version)
      for (const name of new Set([...Object.keys(node.inputs), ...Object.keys(other.inputs)])) {
        const [before, after] = [at(node.inputs, name), at(other.inputs, name)];
        if (canonicalJson(before ?? null) === canonicalJson(after ?? null)) continue;
        const seed = Object.hasOwn(was.seeds, `${id}.${name}`) || Object.hasOwn(now.seeds, `${id}.${name}`);
        say(
          seed ? 'seed' : (before && 'from' in before) || (after && 'from' in after) ? 'link' : 'value',
          `${seed ? 'seed' : 'input'} ${name} of ${subject}`,
          inputWords(before),
          inputWords(after),
        );
      }
    const precisions = [at(was.precision, id) ?? 'none', at(now.precision, id) ?? 'none'] as const;
    // What it comes to is known only once it has run.
    if (!precisions.includes('auto')) compare('precision', `precision of ${subject}`, ...precisions);
  }
  for (const [id, { type }] of Object.entries(now.nodes)) if (!at(was.nodes, id)) say('node', `node ${id}`, 'none', `a ${type}`);
  for (const [path, before] of Object.entries(was.files)) {
    const after = at(now.files, path);
    // Named by no node any more, which the node's input says.
    if (!after) continue;
    const factor = before.model ? 'model file' : 'input file';
    if (before.sha256 === after.sha256) continue;
    const inside = before.files && after.files ? changedFiles(before.files, after.files) : [];
    if (inside.length > 0)
      for (const [name, one, other] of inside) say(factor, `${factor} ${path}/${name}`, shaWords(one), shaWords(other));
    else say(factor, `${factor} ${path}`, shaWords(before.sha256), shaWords(after.sha256));
  }
  for (const [id, ports] of Object.entries(now.outputs))
    for (const [name, { digest }] of Object.entries(ports)) {
      const before = at(at(was.outputs, id) ?? {}, name);
      if (before && before.digest !== digest) say('output', `output ${name} of node ${id}`, shaWords(before.digest), shaWords(digest));
    }
  compare('device', 'device', was.device, now.device, false);
  compare('platform', 'platform', was.platform, now.platform, false);
  compare('facewright', 'Facewright version', was.facewright, now.facewright, false);
  compare('nodejs', 'Node.js version', was.nodejs, now.nodejs, false);
  return differences;
}

const at = <T>(record: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined;
const shaWords = (digest: string | null | undefined): string => (digest ? `SHA-256 ${digest.slice(0, 16)}…` : 'none');
const inputWords = (input: LockedInput | undefined): string =>
  input === undefined
    ? 'none'
    : 'path' in input
      ? `the path ${input.path}`
      : 'from' in input
        ? `a link from ${input.from.join('.')}`
        : show(input.value);

function changedFiles(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): (readonly [name: string, before: string | undefined, after: string | undefined])[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .map((name) => [name, at(before, name), at(after, name)] as const)
    .filter(([, one, other]) => one !== other);
}
