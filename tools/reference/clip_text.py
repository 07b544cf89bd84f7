"""Reference outputs of CLIPTextModel on tiny configurations."""
import torch
import transformers
from common import packed, weight, write

CASES = {
    'quick_gelu, as Stable Diffusion 1.5': dict(vocab_size=40, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=9, hidden_act='quick_gelu', layer_norm_eps=1e-5),
    'gelu': dict(vocab_size=30, hidden_size=12, intermediate_size=20, num_hidden_layers=1, num_attention_heads=2, max_position_embeddings=11, hidden_act='gelu', layer_norm_eps=1e-3),
}

cases = []
for name, config in CASES.items():
    model = transformers.CLIPTextModel(transformers.CLIPTextConfig(**config, eos_token_id=2, attn_implementation='eager')).eval()
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            # files spell every name with this prefix, whatever the class in memory calls it
            parameter.copy_(weight(key if key.startswith('text_model.') else f'text_model.{key}', tuple(parameter.shape)))
        ids = torch.tensor([[(5 * i + 3) % config['vocab_size'] for i in range(9)], [(7 * i + 1) % config['vocab_size'] for i in range(9)]])
        out = model(ids).last_hidden_state
    cases.append({'name': name, 'config': config, 'parameters': len(list(model.named_parameters())), 'input_ids': ids.tolist(), 'last_hidden_state': packed(out)})
write('clip-text', cases, [transformers])
