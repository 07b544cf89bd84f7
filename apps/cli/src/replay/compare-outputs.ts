// How far the outputs of two runs of the same graph are apart: bit-exact, or by how much pictures, tensors and numbers differ.
import { assetSchema, type Asset, type RunLock } from '@facewright/core';
import { canonicalJson } from '@facewright/engine';
import { decodePicture } from '@facewright/server';
import { readSafetensorsHeader, readTensors } from '@facewright/weights';

export interface ComparedOutput {
  readonly node: string;
  readonly output: string;
  readonly exact: boolean;
  /** Lowest of the pictures that differ, dB; null when none could be compared. */
  readonly psnr: number | null;
  /** Largest difference of a number or an element of a tensor; null when none differs. */
  readonly largest: number | null;
  /** What else differs, and what cannot be compared: at most a few, in words. */
  readonly other: readonly string[];
}
/** Finds the bytes of assets; null for one that is not here. */
export interface AssetFinder {
  find(id: string): Promise<{ readonly path: string } | null>;
  read(id: string): Promise<Uint8Array>;
}

const MOST_SAID = 5;

interface Found {
  pictures: number[];
  largest: number | null;
  other: string[];
}

/** Outputs of `was` one by one; what `now` gives beyond them is said with them. */
export async function compareOutputs(was: RunLock['outputs'], now: RunLock['outputs'], assets: AssetFinder): Promise<ComparedOutput[]> {
  const compared: ComparedOutput[] = [];
  for (const [node, ports] of Object.entries(was))
    for (const [output, { value }] of Object.entries(ports)) {
      const other = now[node]?.[output];
      const found: Found = { pictures: [], largest: null, other: [] };
      const exact = other !== undefined && canonicalJson(other.value) === canonicalJson(value);
      if (other === undefined) found.other.push('expected an output, got none');
      else if (!exact) await walk(value, other.value, output, found, assets);
      const { pictures, largest, other: words } = found;
      compared.push({
        node,
        output,
        exact,
        psnr: pictures.length === 0 ? null : pictures.reduce((low, psnr) => Math.min(low, psnr), Infinity),
        largest,
        other: words.length > MOST_SAID ? [...words.slice(0, MOST_SAID), `and ${words.length - MOST_SAID} more`] : words,
      });
    }
  return compared;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;

async function walk(was: unknown, now: unknown, path: string, found: Found, assets: AssetFinder): Promise<void> {
  if (Object.is(was, now)) return;
  if (typeof was === 'number' && typeof now === 'number') return grow(found, Math.abs(was - now));
  if (!isObject(was) || !isObject(now) || Array.isArray(was) !== Array.isArray(now)) return void found.other.push(`${path} differs`);
  const [one, other] = [assetSchema.safeParse(was), assetSchema.safeParse(now)];
  if (one.success && other.success) return compareAssets(one.data, other.data, path, found, assets);
  if (Array.isArray(was) && Array.isArray(now) && was.length !== now.length)
    return void found.other.push(`${path}: expected ${was.length} items, got ${now.length}`);
  for (const key of new Set([...Object.keys(was), ...Object.keys(now)])) await walk(was[key], now[key], `${path}.${key}`, found, assets);
}
function grow(found: Found, difference: number): void {
  found.largest = Math.max(found.largest ?? 0, difference);
}

async function compareAssets(was: Asset, now: Asset, path: string, found: Found, assets: AssetFinder): Promise<void> {
  if (was.id === now.id) return;
  const [before, after] = await Promise.all([assets.find(was.id), assets.find(now.id)]);
  if (!before || !after)
    return void found.other.push(`${path} differs; the one of the lock is not in this data folder, so nobody can say how much`);
  if (was.mediaType.startsWith('image/')) {
    const [one, other] = [await decodePicture(await assets.read(was.id), path), await decodePicture(await assets.read(now.id), path)];
    if (one.width !== other.width || one.height !== other.height)
      return void found.other.push(`${path}: expected ${one.width} × ${one.height} pixels, got ${other.width} × ${other.height}`);
    found.pictures.push(psnr(one.data, other.data));
  } else if (before.path.endsWith('.safetensors')) {
    const [one, other] = [await tensorsOf(before.path), await tensorsOf(after.path)];
    for (const [name, tensor] of one) {
      const same = other.get(name);
      if (same?.data.length !== tensor.data.length) found.other.push(`${path}: tensor ${name} has another shape, or is gone`);
      else
        for (let i = 0; i < tensor.data.length; i++)
          if (tensor.data[i] !== same.data[i]) grow(found, Math.abs(Number(tensor.data[i]) - Number(same.data[i])));
    }
  } else if (was.mediaType === 'application/json') {
    const [one, other] = [jsonOf(await assets.read(was.id)), jsonOf(await assets.read(now.id))];
    await walk(one, other, path, found, assets);
  } else found.other.push(`${path} differs in its bytes`);
}
const tensorsOf = async (path: string) => readTensors((await readSafetensorsHeader(path)).tensors);
const jsonOf = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes));

/** Of bytes, dB; Infinity for equal ones. */
export function psnr(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return 10 * Math.log10(255 ** 2 / (sum / a.length));
}
