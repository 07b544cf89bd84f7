"""Reference rewards of the BLIP model of ImageReward on tiny configurations: transformers' BLIP halves under the names of the checkpoint, and a linear head."""
import torch
import transformers
from common import packed, tensor, weight, write

VISION_NAMES = {'embeddings.class_embedding': 'cls_token', 'embeddings.position_embedding': 'pos_embed', 'embeddings.patch_embedding': 'patch_embed.proj', 'encoder.layers': 'blocks',
    'self_attn.qkv': 'attn.qkv', 'self_attn.projection': 'attn.proj', 'layer_norm1': 'norm1', 'layer_norm2': 'norm2', 'post_layernorm': 'norm'}

CASES = {
    'one layer each': dict(vision_config=dict(image_size=16, patch_size=8, hidden_size=12, intermediate_size=20, num_hidden_layers=1, num_attention_heads=2, layer_norm_eps=1e-6),
        text_config=dict(vocab_size=30, hidden_size=8, intermediate_size=24, num_hidden_layers=1, num_attention_heads=2, max_position_embeddings=9, layer_norm_eps=1e-12), head_sizes=[6]),
    'two layers each, as ImageReward': dict(vision_config=dict(image_size=24, patch_size=8, hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=4, layer_norm_eps=1e-6),
        text_config=dict(vocab_size=50, hidden_size=12, intermediate_size=20, num_hidden_layers=2, num_attention_heads=3, max_position_embeddings=16, layer_norm_eps=1e-12, hidden_act='gelu',
            add_cross_attention=True, encoder_width=12), head_sizes=[10, 8, 6, 4], projection_dim=5),
}


def set_by(module, rename):
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.copy_(weight(rename(name), tuple(parameter.shape)))
    return module.eval()


def vision_name(name):
    for theirs, ours in VISION_NAMES.items():
        name = name.replace(theirs, ours)
    return f'blip.visual_encoder.{name}'


def head_places(config):
    """Sizes of the head's layers, and where they stand: dropout stood after all but the last two."""
    sizes = [config['text_config']['hidden_size'], *config['head_sizes'], 1]
    places, place = [], 0
    for i in range(len(sizes) - 1):
        places.append(place)
        place += 2 if i < len(sizes) - 3 else 1
    return sizes, places


def reward_model(config):
    """The two halves, and what gives rewards [n, 1] of normalised pixels, ids and mask."""
    v, t = config['vision_config'], config['text_config']
    vision = set_by(transformers.BlipVisionModel(transformers.BlipVisionConfig(**v, hidden_act='gelu', attention_dropout=0.0)), vision_name)
    text_config = transformers.BlipTextConfig(**{k: x for k, x in t.items() if k not in ('add_cross_attention', 'encoder_width')}, encoder_hidden_size=v['hidden_size'], is_decoder=True)
    text = set_by(transformers.models.blip.modeling_blip_text.BlipTextModel(text_config, add_pooling_layer=False), lambda n: f'blip.text_encoder.{n}')
    sizes, places = head_places(config)

    def reward(pixels, ids, mask):
        picture = vision(pixels).last_hidden_state
        hidden = text(ids, attention_mask=mask, encoder_hidden_states=picture, is_decoder=False).last_hidden_state[:, 0]
        for i, at in enumerate(places):
            w, b = weight(f'mlp.layers.{at}.weight', (sizes[i + 1], sizes[i])), weight(f'mlp.layers.{at}.bias', (sizes[i + 1],))
            hidden = torch.nn.functional.linear(hidden, w.to(hidden.dtype), b.to(hidden.dtype))
        return hidden

    return vision, text, reward


def main():
    cases = []
    for name, config in CASES.items():
        vision, text, reward = reward_model(config)
        ids = torch.tensor([[2, 5, 7, 3, 0, 0], [2, 9, 3, 0, 0, 0], [2, 11, 12, 13, 14, 3]])
        mask = (ids != 0).long()
        size = config['vision_config']['image_size']
        with torch.no_grad():
            rewards = reward(tensor('pixel_values', (3, 3, size, size)), ids, mask)
        count = len(list(vision.parameters())) + len(list(text.parameters())) + 2 * len(head_places(config)[1]) + (4 if 'projection_dim' in config else 0)
        cases.append({'name': name, 'config': config, 'parameters': count, 'input_ids': ids.tolist(), 'attention_mask': mask.tolist(), 'reward': packed(rewards[:, 0])})
    write('blip-reward', cases, [transformers])


if __name__ == '__main__':
    main()
