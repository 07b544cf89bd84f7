// Assets as values that a person's graph holds: asset:sha256:… in a text or path field.
import type { Asset } from './values.ts';

export const assetName = ({ id }: Pick<Asset, 'id'>): string => `asset:${id}`;
/** The id of the asset that a text names; null for any other text. */
export const assetIdOf = (name: string): string | null => /^asset:(sha256:[0-9a-f]{64})$/.exec(name)?.[1] ?? null;
