"""Reference conditioning of prompts with emphasis, long prompts, BREAK, textual inversions and clip skip: transformers' CLIPTextModel under Automatic1111's rules, written anew from their description."""
import gzip
import pathlib
import re

import torch
import transformers
from common import packed, tensor, weight, write

DATA = pathlib.Path(__file__).resolve().parents[3] / 'shared/data/weights'
EMBEDDINGS = {'EasyNeg': 2, 'bad-hands-5': 1, 'longone': 13}
TINY = dict(vocab_size=49408, hidden_size=8, intermediate_size=12, num_hidden_layers=3, num_attention_heads=2, max_position_embeddings=12, hidden_act='quick_gelu', layer_norm_eps=1e-5)
WIDE = dict(TINY, hidden_size=12, num_attention_heads=3, hidden_act='gelu', projection_dim=6, architectures=['CLIPTextModelWithProjection'])
ROOM = TINY['max_position_embeddings'] - 2
START, END = 49406, 49407

CASES = [
    ('emphasis and long prompts', [dict(config=TINY, pad=END, skip=0, final_norm=True, pooled=False)], [[text] for text in [
        '', 'a face', 'a (smiling:1.3) face', '((red)) [hair] \\(oil\\)', '(one (two:1.5) three:0.8), four', 'a (b:-0.5)', 'one two three four five six seven eight nine ten',
        'one two three four five six seven eight nine ten eleven (twelve:1.4) thirteen', 'red hair BREAK blue eyes', '(a BREAK b:1.2) BREAK', 'easyneg, (bad-hands-5:1.5) face', 'one two three four five six seven eight nine EasyNeg', '(longone:0.7) end',
    ]]),
    ('clip skip, "!" as padding', [dict(config=TINY, pad=0, skip=1, final_norm=True, pooled=False)], [['a (face:1.2)'], ['one two three four five six seven eight nine ten eleven', 'short']]),
    ('two encoders', [dict(config=TINY, pad=END, skip=1, final_norm=False, pooled=False), dict(config=WIDE, pad=0, skip=1, final_norm=False, pooled=True)],
     [['a (smiling:1.3) face', 'a much longer text, of eleven tokens or more, BREAK in three parts', 'a (smiling:1.3) face', '']]),
]


def byte_characters():
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in printable]
    return [chr(b) for b in printable] + [chr(256 + i) for i in range(len(others))]


def weighted_characters(prompt):
    """(character or None for a break, weight) for each; a bracket that has its partner is gone, one that has not stays."""
    out, opened = [], {'(': [], '[': []}

    def close(kind, factor):
        first = opened[kind].pop()
        out[first] = ('', 1.0)
        out[first:] = [(c, w * factor) for c, w in out[first:]]

    at = 0
    while at < len(prompt):
        rest = prompt[at:]
        end_of_weight = re.match(r':\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*\)', rest)
        word = re.match(r'\s*\bBREAK\b\s*', rest) if not (at and prompt[at - 1].isalnum()) else None
        if rest[0] == '\\':
            taken = 2 if rest[1:2] and rest[1] in '()[]\\' else 1
            out += [(c, 1.0) for c in rest[1:taken]]
            at += taken
        elif rest[0] in '([':
            opened[rest[0]].append(len(out))
            out.append((rest[0], 1.0))
            at += 1
        elif end_of_weight and opened['(']:
            close('(', float(end_of_weight[1]))
            at += len(end_of_weight[0])
        elif rest[0] == ')' and opened['(']:
            close('(', 1.1)
            at += 1
        elif rest[0] == ']' and opened['[']:
            close('[', 1 / 1.1)
            at += 1
        elif word:
            out.append((None, 1.0))
            at += len(word[0])
        else:
            out.append((rest[0], 1.0))
            at += 1
    return out


def chunks_of(prompt):
    """Lists of (id, weight, vector or None) of at most ROOM tokens."""
    chunks, text, of = [[]], '', None

    def put(unit):
        if len(unit) <= ROOM < len(chunks[-1]) + len(unit):
            chunks.append([])
        for token in unit:
            if len(chunks[-1]) == ROOM:
                chunks.append([])
            chunks[-1].append(token)

    def flush():
        nonlocal text
        for piece in re.split(f"({'|'.join(EMBEDDINGS)})", text, flags=re.I):
            name = next((n for n in EMBEDDINGS if n.lower() == piece.lower()), None)
            if name:
                put([(0, of, (name, i)) for i in range(EMBEDDINGS[name])])
            else:
                for i in tokenizer(piece, add_special_tokens=False)['input_ids']:
                    put([(i, of, None)])
        text = ''

    for character, w in [*weighted_characters(prompt), (None, None)]:
        if character is None or (character and w != of):
            flush()
        if character is None and w is not None:
            chunks.append([])
        if character:
            text, of = text + character, w
    return chunks if chunks[-1] or len(chunks) == 1 else chunks[:-1]


def model_of(config):
    kind = transformers.CLIPTextModelWithProjection if 'architectures' in config else transformers.CLIPTextModel
    model = kind(transformers.CLIPTextConfig(**{k: v for k, v in config.items() if k != 'architectures'}, bos_token_id=START, eos_token_id=END, attn_implementation='eager')).eval()
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            parameter.copy_(weight(key if key.startswith('text_') else f'text_model.{key}', tuple(parameter.shape)))
    return model


def encode(chunk, spec):
    """(hidden [1, 12, width] with its mean restored, pooled or None) of one chunk."""
    width, empty = spec['config']['hidden_size'], ROOM - len(chunk)
    ids = torch.tensor([[START, *[i for i, _, _ in chunk], END, *[spec['pad']] * empty]])
    weights = torch.tensor([1.0, *[w for _, w, _ in chunk], 1.0, *[1.0] * empty])

    def place(_module, _inputs, output):
        for position, (_, _, vector) in enumerate(chunk):
            if vector:
                output[0, position + 1] = tensor(f'embedding.{vector[0]}.{width}', (EMBEDDINGS[vector[0]], width))[vector[1]]
        return output

    model = spec['model']
    handle = model.get_input_embeddings().register_forward_hook(place)
    with torch.no_grad():
        out = model(ids, output_hidden_states=True)
        z = out.hidden_states[-1 - spec['skip']]
        if spec['final_norm']:
            z = getattr(model, 'text_model', model).final_layer_norm(z)
    handle.remove()
    before = z.mean()
    if not bool((weights == 1).all()):
        z = z * weights[None, :, None]
        z = z * (before / z.mean())
    return z, out.text_embeds if spec['pooled'] else None


merges = gzip.open(DATA / 'clip_bpe_simple_vocab_16e6.txt.gz').read().decode().split('\n')[1:49152 - 256 - 2 + 1]
b = byte_characters()
pieces = [*b, *[x + '</w>' for x in b], *[m.replace(' ', '') for m in merges], '<|startoftext|>', '<|endoftext|>']
tokenizer = transformers.CLIPTokenizer(vocab={piece: i for i, piece in enumerate(pieces)}, merges=[tuple(m.split()) for m in merges])
cases = []
for name, specs, batches in CASES:
    models = [dict(spec, model=model_of(spec['config'])) for spec in specs]
    outputs = []
    for texts in batches:
        chunked = [chunks_of(text) for text in texts]
        count = max(map(len, chunked))
        rows, pooled = [], []
        for chunks in chunked:
            encoded = [[encode(chunk, spec) for chunk in [*chunks, *[[]] * (count - len(chunks))]] for spec in models]
            rows.append(torch.cat([torch.cat([z for z, _ in one], 1) for one in encoded], 2))
            pooled.append(encoded[-1][0][1])
        outputs.append({'texts': texts, 'text': packed(torch.cat(rows)), **({'pooled': packed(torch.cat(pooled))} if pooled[0] is not None else {})})
    cases.append({'name': name, 'encoders': specs, 'batches': outputs})
write('../../../pipelines/src/prompts/fixtures/prompts', {'embeddings': EMBEDDINGS, 'cases': cases}, [transformers])
