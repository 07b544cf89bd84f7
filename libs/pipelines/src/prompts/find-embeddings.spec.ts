import { describe, expect, it } from 'vitest';
import { embeddingFinder } from './find-embeddings.ts';

const find = embeddingFinder(['EasyNegative', 'EasyNegativeV2', 'bad-hands-5', 'a+b (c).x', 'verybad_v1', 'verybad_v1.3']);
/** Names in angle brackets, unknown ones with a question mark. */
const found = (text: string) =>
  find(text).map((part) => ('text' in part ? part.text : 'embedding' in part ? `<${part.embedding}>` : `<?${part.unknown}>`));

describe('names of textual inversions', () => {
  it.each([
    ['a face', ['a face']],
    ['', []],
    ['easynegative', ['<EasyNegative>']],
    ['blurry, EASYNEGATIVE, ugly', ['blurry, ', '<EasyNegative>', ', ugly']],
    ['easynegativev2 easynegative', ['<EasyNegativeV2>', ' ', '<EasyNegative>']],
    ['embedding:easynegative, x', ['<EasyNegative>', ', x']],
    ['Embedding:EasyNegative.safetensors x', ['<EasyNegative>', ' x']],
    ['bad-hands-5.pt.', ['<bad-hands-5>', '.']],
    ['verybad_v1.3, verybad_v1. a+b (c).x', ['<verybad_v1.3>', ', ', '<verybad_v1>', '. ', '<a+b (c).x>']],
    // parts of other words are none
    ['easynegatives', ['easynegatives']],
    ['my_easynegative', ['my_easynegative']],
    ['bad-hands-55', ['bad-hands-55']],
    ['éeasynegative', ['éeasynegative']],
    ['eaſynegative', ['eaſynegative']],
    // behind the prefix a name must be one
    ['embedding:foo', ['<?foo>']],
    ['x embedding:foo.pt, y', ['x ', '<?foo.pt>', ', y']],
    ['embedding:easynegativeV3 y', ['<?easynegativeV3>', ' y']],
    ['embedding:foo.', ['<?foo>', '.']],
    ['embedding: foo', ['embedding: foo']],
    ['my embedding', ['my embedding']],
  ])('in %j are %j', (text, parts) => {
    expect(found(text)).toEqual(parts);
  });
  it('are all unknown to a model without any', () => {
    expect(embeddingFinder([])('a embedding:foo')).toEqual([{ text: 'a ' }, { unknown: 'foo' }]);
  });
});
