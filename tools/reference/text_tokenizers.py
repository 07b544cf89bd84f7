"""Reference ids of the CLIP and BERT tokenizers of transformers: on the published vocabularies (named by path) and on small ones."""
import gzip
import pathlib

import transformers
from common import write

DATA = pathlib.Path(__file__).resolve().parents[3] / 'shared/data/weights'
TEXTS = [
    '', ' ', 'A face.', 'a photo of a smiling woman, 35mm, f/1.8, highly detailed', "It's the dog's bone; they've said he'll go, I'd say.", 'naïve café Ångström Ünïcödé ÇA',
    'tabs\tand\nnew lines\r\n  and   spaces', 'numbers 1234567890 3.14159 1,000,000 ½ ²', '(masked:1.2) [face|eyes] {best quality}, ((8k))', 'смотреть 漢字とかな 한국어 العربية हिन्दी',
    'emoji 😀👩‍👩‍👧‍👦❤️ ok', 'antidisestablishmentarianism supercalifragilisticexpialidocious', 'UPPER lower MiXeD ǅ ß ﬁ İ', '--- ... !!! ??? ~~ ``', 'a' * 150, 'word ' * 100,
    '<|startoftext|>hello<|endoftext|> world', '[CLS] hello [SEP] world [PAD] [MASK]', 'e\u0301 n\u0303 \u00a0nbsp \u200bzero\u200dwidth', 'a\u0000b \ufffd c', 'http://example.com/a_b?c=d&e=f#g', 'under_score-hyphen/slash\\back', '  leading and trailing  ',
]
MERGES = ['a c', 'f ac', 'fac e</w>', 's m', 'i l', 'sm il', 'smil e</w>', 'e d</w>']
WORDS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'a', 'face', 'smile', '##d', '##s', '.', ',', 'cafe', '漢', '1', '##2', '[MASK]']


def byte_characters():
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in printable]
    return [chr(b) for b in printable] + [chr(256 + i) for i in range(len(others))]


def clip_case(name, merges, length):
    b = byte_characters()
    vocab = {piece: i for i, piece in enumerate([*b, *[x + '</w>' for x in b], *[m.replace(' ', '') for m in merges], '<|startoftext|>', '<|endoftext|>'])}
    tokenizer = transformers.CLIPTokenizer(vocab=vocab, merges=[tuple(m.split()) for m in merges])
    return case(name, tokenizer, length)


def bert_case(name, words, length):
    return case(name, transformers.BertTokenizer(vocab={w: i for i, w in enumerate(words)}), length)


def case(name, tokenizer, length):
    encoded = tokenizer(TEXTS, padding='max_length', truncation=True, max_length=length)
    return {'name': name, 'length': length, 'texts': [{'text': t, 'ids': i, 'tokens': sum(m)} for t, i, m in zip(TEXTS, encoded['input_ids'], encoded['attention_mask'])]}


lines = gzip.open(DATA / 'clip_bpe_simple_vocab_16e6.txt.gz').read().decode().split('\n')
cases = [
    clip_case('clip', lines[1:49152 - 256 - 2 + 1], 77),
    bert_case('bert', (DATA / 'bert_base_uncased_vocab.txt').read_text().split('\n')[:-1], 35),
    {**clip_case('small clip', MERGES, 20), 'merges': MERGES},
    {**bert_case('small bert', WORDS, 12), 'vocabulary': WORDS},
]
for c in cases:
    for t in c['texts']:
        pad = t['ids'][t['tokens']] if t['tokens'] < c['length'] else None
        assert pad is None or all(i == pad for i in t['ids'][t['tokens']:])
        c['pad'] = c.get('pad', pad) if pad is None else pad
        t['ids'] = ' '.join(map(str, t['ids'][:t['tokens']]))
        del t['tokens']
write('tokenizers', cases, [transformers])
