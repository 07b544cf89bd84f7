// The assets that a value refers to, wherever in it they are.
import { assetSchema, type Asset } from '@facewright/core';

/** Each asset once, in the order met. */
export function collectAssets(value: unknown): Asset[] {
  const found = new Map<string, Asset>();
  const visit = (part: unknown): void => {
    if (typeof part !== 'object' || part === null) return;
    const asset = 'mediaType' in part ? assetSchema.safeParse(part) : undefined;
    if (asset?.success) found.set(asset.data.id, asset.data);
    else Object.values(part).forEach(visit);
  };
  visit(value);
  return [...found.values()];
}
