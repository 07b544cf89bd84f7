"""Reference ids of the CLIP and BERT tokenizers of transformers: on the published vocabularies (named by path) and on small ones, and of CLIP on many odd strings."""
import base64
import gzip
import hashlib
import pathlib

import tokenizers
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


def clip_tokenizer(merges):
    b = byte_characters()
    vocab = {piece: i for i, piece in enumerate([*b, *[x + '</w>' for x in b], *[m.replace(' ', '') for m in merges], '<|startoftext|>', '<|endoftext|>'])}
    return transformers.CLIPTokenizer(vocab=vocab, merges=[tuple(m.split()) for m in merges])


def clip_case(name, merges, length):
    return case(name, clip_tokenizer(merges), length)


def bert_case(name, words, length):
    return case(name, transformers.BertTokenizer(vocab={w: i for i, w in enumerate(words)}), length)


def case(name, tokenizer, length):
    encoded = tokenizer(TEXTS, padding='max_length', truncation=True, max_length=length)
    return {'name': name, 'length': length, 'texts': [{'text': t, 'ids': i, 'tokens': sum(m)} for t, i, m in zip(TEXTS, encoded['input_ids'], encoded['attention_mask'])]}


merges = gzip.open(DATA / 'clip_bpe_simple_vocab_16e6.txt.gz').read().decode().split('\n')[1:49152 - 256 - 2 + 1]
cases = [
    clip_case('clip', merges, 77),
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

# Ten thousand strings from a generator that clip-vocabulary.spec.ts implements too; the pools are in the fixture, so that they are written once.
WORDS_OF_PROMPTS = [
    'a', 'photo', 'Portrait', 'masterpiece', '8k', 'ultra-detailed', 'smiling', 'don\'t', 'it\'s', 'THEY\'RE', 'I\'d', 'we\'ve', 'you\'ll', 'I\'m', 'o\'clock', '\'s', '\'\'s', '\'S', 'naïve', 'ﬁne', 'straße', 'İstanbul', 'ΟΔΟΣ', 'ΣΑΣ',
    '(best:1.2)', '[eyes]', '{hair}', '<lora:x:0.7>', '&amp;', '&lt;b&gt;', '&#39;', '&nbsp;', '&eacute', '<|startoftext|>', '<|endoftext|>', '<|StartOfText|>', '<|endoftext|', 'x<|endoftext|>y', '</w>', 'a</w>',
    '3.14', '1,000', '007', '½', '²', '٣', '४', 'Ⅳ', '①', '—', '…', '!!!', '?!', '~~~', '\\(', '\\', '__', '#tag', '@me', 'http://a.b/c?d=e', '🙂', '👩‍👩‍👧‍👦', '👨🏽‍🚀', '🏳️‍🌈', '❤️', '🇩🇪', '1️⃣', '😀😀😀', 'é', 'ñ', 'Å', '각', 'ｆｕｌｌ', '𝒜𝓃', '漢字', 'かな', 'カナ', '한국어',
    'смотреть', 'العربية', 'עברית', 'हिन्दी', 'ไทย', 'tiếng', 'ẞ', 'ǅ', 'ŉ', '\u200d', '\u200b', '\ufeff', '\u00ad', '\u0000', '\ufffd', '\ufffe',
]
SPACES = ['', '', ' ', ' ', ' ', '  ', '\t', '\n', '\r\n', '\u000b', '\u000c', '\u001c', '\u001d', '\u001e', '\u001f', '\u0085', '\u00a0', '\u1680', '\u180e', '\u2000', '\u2007', '\u200a', '\u2028', '\u2029', '\u202f', '\u205f', '\u3000', '\ufeff', ', ', ' , ', '. ']
# Without the letters of Unicode 17, which the regular expressions of tokenizers 0.23.3 take for other signs.
RANGES = [[0x20, 0x7E], [0x00, 0x1F], [0x7F, 0xBF], [0xC0, 0x24F], [0x250, 0x36F], [0x370, 0x3FF], [0x400, 0x52F], [0x530, 0x5FF], [0x600, 0x6FF], [0x900, 0x97F], [0xE00, 0xE7F], [0x1100, 0x11FF], [0x1E00, 0x1FFF], [0x2000, 0x206F], [0x2070, 0x218F], [0x2190, 0x2BFF],
          [0x3040, 0x30FF], [0x4E00, 0x9FFF], [0xAC00, 0xD7A3], [0xE000, 0xE0FF], [0xF900, 0xFAFF], [0xFB00, 0xFFFF], [0x10000, 0x100FF], [0x12000, 0x1237F], [0x13000, 0x1342F], [0x1D400, 0x1D7FF], [0x1F300, 0x1FAFF], [0x20000, 0x2A6D6], [0xE0000, 0xE01FF], [0xD00, 0xA7BF], [0x100000, 0x10FFFF]]
COUNT, LONG = 10000, 20000


def generated(index):
    state = index * 65537

    def pick(n):
        nonlocal state
        state = (state + 0x9E3779B9) & 0xFFFFFFFF
        x = state
        x = ((x ^ (x >> 16)) * 0x85EBCA6B) & 0xFFFFFFFF
        x = ((x ^ (x >> 13)) * 0xC2B2AE35) & 0xFFFFFFFF
        return (x ^ (x >> 16)) % n

    def part():
        if pick(2) == 0:
            return WORDS_OF_PROMPTS[pick(len(WORDS_OF_PROMPTS))]
        low, high = RANGES[pick(len(RANGES))]
        return ''.join(chr(low + pick(high - low + 1)) for _ in range(1 + pick(8)))

    long = index % 1250 == 7
    text = ''
    parts = 1 + pick(20)
    while len(text) < LONG if long else parts > 0:
        text += part() + SPACES[pick(len(SPACES))]
        parts -= 1
    return (part() * LONG if index % 1250 == 8 else text)[:LONG]


def digest(ids):
    return base64.b64encode(hashlib.sha256(' '.join(map(str, ids)).encode()).digest())[:4].decode()


tokenizer = clip_tokenizer(merges)
ids = tokenizer([generated(i) for i in range(COUNT)], add_special_tokens=False)['input_ids']
readable = [
    *TEXTS, 'masterpiece, best quality, (1girl:1.3), [red hair], <lora:detail:0.8>', 'RAW photo, 8k uhd, dslr, soft lighting, film grain, Fujifilm XT3', "rock'n'roll 'tis O'Brien''s", '&lt;b&gt; &amp;amp; &#39;', 'ΟΔΥΣΣΕΥΣ Σ σς', 'שָׁלוֹם עולם', 'مرحبا بالعالم', '👨🏽‍🚀🏳️‍🌈🇩🇪1️⃣',
    'tiếng Việt', 'พระราชวัง', 'ﬀ ﬁ ﬂ ﬃ', '\u1100\u1161\u11a8 각', '\u0085\u2028\u3000x', 'x\u001cy\u001fz', '\ufeffbom', '٣४Ⅳ①½', '𝒜𝓃 ｆｕｌｌ', 'a</w> </w>', '<|EndOfText|> <|endoftext|', '\ue000\U0010fffd',
]
write('../../../pipelines/src/prompts/fixtures/tokenizer-strings', {
    'words': WORDS_OF_PROMPTS, 'spaces': SPACES, 'ranges': RANGES, 'count': COUNT, 'long': LONG,
    'digests': [''.join(map(digest, ids[i:i + 50])) for i in range(0, COUNT, 50)],
    'readable': [{'text': t, 'ids': ' '.join(map(str, i))} for t, i in zip(readable, tokenizer(readable, add_special_tokens=False)['input_ids'])],
}, [transformers, tokenizers])
