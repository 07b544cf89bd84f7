// How a pair set lies in a folder: good/ and bad/ with the picture files as they are stored, manifest.jsonl with a line for each pair, set.json with what is true of all.
import { isAbsolute, normalize } from 'node:path';
import type { Image, PairSet } from '@facewright/core';

export const manifestFile = 'manifest.jsonl';
export const setFile = 'set.json';
export type Side = 'good' | 'bad';

type Pair = PairSet['pairs'][number];

/** A picture in a line of the manifest. `file` begins at the folder, with slashes. */
type PictureLine = Pick<Image, 'width' | 'height' | 'made'> & { readonly file: string; readonly sha256: string };
export type PairLine = Omit<Pair, Side> & Readonly<Record<Side, PictureLine>>;

const endings: Readonly<Record<string, string>> = { 'image/png': '.png', 'image/jpeg': '.jpg', 'image/webp': '.webp' };
export const endingOf = ({ asset }: Image): string => endings[asset.mediaType] ?? '.png';

export function lineOf({ good, bad, ...pair }: Pair, files: Readonly<Record<Side, string>>): PairLine {
  const picture = ({ asset, width, height, made }: Image, file: string): PictureLine => ({
    file,
    sha256: asset.id.slice('sha256:'.length),
    width,
    height,
    ...(made && { made }),
  });
  return { ...pair, good: picture(good, files.good), bad: picture(bad, files.bad) };
}

/** Whether a file of a manifest lies in its folder: manifests come from anywhere. */
export const isInside = (file: string): boolean => !isAbsolute(file) && !/^\.\.([/\\]|$)/.test(normalize(file)) && !file.includes('\0');
