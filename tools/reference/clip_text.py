"""Reference outputs of CLIPTextModel and CLIPTextModelWithProjection on tiny configurations."""
import torch
import transformers
from common import packed, tensor, weight, write

PROJECTED = ['CLIPTextModelWithProjection']
CASES = {
    'quick_gelu, as Stable Diffusion 1.5': dict(vocab_size=40, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=9, hidden_act='quick_gelu', layer_norm_eps=1e-5),
    'gelu': dict(vocab_size=30, hidden_size=12, intermediate_size=20, num_hidden_layers=1, num_attention_heads=2, max_position_embeddings=11, hidden_act='gelu', layer_norm_eps=1e-3),
    'gelu and projection, as the second of Stable Diffusion XL': dict(architectures=PROJECTED, vocab_size=30, hidden_size=12, intermediate_size=20, num_hidden_layers=3, num_attention_heads=3, max_position_embeddings=9, hidden_act='gelu', layer_norm_eps=1e-5, projection_dim=7),
}
TOKENS = 9


def build(config, vocabulary):
    projected = config.get('architectures') == PROJECTED
    settings = {k: v for k, v in config.items() if k != 'architectures'} | {'vocab_size': vocabulary, 'eos_token_id': EOS, 'attn_implementation': 'eager'}
    model = (transformers.CLIPTextModelWithProjection if projected else transformers.CLIPTextModel)(transformers.CLIPTextConfig(**settings)).eval()
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            # files spell every name with this prefix, whatever the class in memory calls it
            name = key if key.startswith(('text_model.', 'text_projection.')) else f'text_model.{key}'
            parameter.copy_(weight(name, tuple(parameter.shape)))
    return model, projected


def run(model, projected, ids):
    with torch.no_grad():
        out = model(ids, output_hidden_states=True)
        inner = model.text_model if hasattr(model, 'text_model') else model
        norm = inner.final_layer_norm
        assert torch.equal(norm(out.hidden_states[-1]), out.last_hidden_state), 'hidden states are taken before the final norm'
        return out, norm, out.text_embeds if projected else out.pooler_output


EOS = 3
cases = []
for name, config in CASES.items():
    model, projected = build(config, config['vocab_size'])
    ids = torch.tensor([[(5 * i + 3) % config['vocab_size'] for i in range(TOKENS)], [(7 * i + 1) % config['vocab_size'] for i in range(TOKENS)]])
    ids[ids == EOS] = EOS + 1
    ids[0, 5], ids[1, 8] = EOS, EOS
    out, norm, pooled = run(model, projected, ids)
    with torch.no_grad():
        hidden = {skip: out.hidden_states[-1 - skip] for skip in range(min(3, config['num_hidden_layers'] + 1))}
        skipped = [{'skip': skip, 'finalNorm': normed, 'hidden': packed(norm(x) if normed else x)} for skip, x in hidden.items() for normed in (True, False)]
    # textual inversion, as diffusers does it: two vectors are added to the vocabulary, and the prompt names them
    wide, _ = build(config, config['vocab_size'] + 2)
    replaced = ids.clone()
    replaced[0, 2], replaced[1, 4] = config['vocab_size'], config['vocab_size'] + 1
    with torch.no_grad():
        wide.get_input_embeddings().weight[:-2] = model.get_input_embeddings().weight
        wide.get_input_embeddings().weight[-2:] = tensor('token_embeds', (2, TOKENS, config['hidden_size']))[[0, 1], [2, 4]]
    given = run(wide, projected, replaced)[0].last_hidden_state
    cases.append({'name': name, 'config': config, 'parameters': len(list(model.named_parameters())), 'input_ids': ids.tolist(), 'last_hidden_state': packed(out.last_hidden_state),
        'pool_index': [5, 8], 'pooled': packed(pooled), 'skipped': skipped, 'given': {'at': [[0, 2], [1, 4]], 'hidden': packed(given)}})
write('clip-text', cases, [transformers])
