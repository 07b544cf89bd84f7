// Coded errors of the pair set node.
import { defineErrors, listed, onLines } from '@facewright/tensor';

/** Sets may have thousands of pictures. */
const most = 50;

export const err = defineErrors('PAIR_SET', {
  SIZES: (problems: readonly string[]) =>
    `bad: expected pictures of the size of their partners, got ${problems.length} of another size:${onLines(problems, most)}`,
  DUPLICATE: (port: string, keys: readonly string[]) => `${port}: expected one picture for each key, got several for ${listed(keys, most)}`,
  NO_PARTNERS: (good: number, bad: number) =>
    `bad: expected pictures with the keys of good ones, got none in common among ${good} good and ${bad} bad`,
  NO_FACES: (pictures: number) => `faces: expected at least one face, got none in ${pictures} picture(s)`,
  FILTERED: (counts: string) => `pairs: expected some to pass, got none after leaving out ${counts}`,
  NO_FILTER: () => 'scorer, detector: expected at least one of them to be linked, got neither',
  NO_FOLDER: (folder: string, got: string) => `folder: expected one that Save pairs wrote, with manifest.jsonl, got ${got} at ${folder}`,
  MANIFEST: (folder: string, problems: readonly string[]) =>
    `folder ${folder}: expected pairs as the manifest says, got ${problems.length} that are wrong:${onLines(problems, most)}`,
  EMPTY: (counts: string) => `pairs: expected at least one, got none after leaving out ${counts}`,
});
