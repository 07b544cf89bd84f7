// Coded errors of the pair set node.
import { defineErrors } from '@facewright/tensor';

const lines = (problems: readonly string[]) => problems.map((p) => `\n  ${p}`).join('');

export const err = defineErrors('PAIR_SET', {
  SIZES: (problems: readonly string[]) =>
    `bad: expected pictures of the size of their partners, got ${problems.length} of another size:${lines(problems)}`,
  DUPLICATE: (port: string, keys: readonly string[]) => `${port}: expected one picture for each key, got several for ${keys.join(', ')}`,
  NO_PARTNERS: (good: number, bad: number) =>
    `bad: expected pictures with the keys of good ones, got none in common among ${good} good and ${bad} bad`,
  NO_FACES: (pictures: number) => `faces: expected at least one face, got none in ${pictures} picture(s)`,
  EMPTY: (counts: string) => `pairs: expected at least one, got none after leaving out ${counts}`,
});
