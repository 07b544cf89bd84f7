"""One whole training step of a tiny reward model with the authors' networks: rewards, ranking loss, gradients of what their freeze rule leaves, and parameters after steps of torch.optim.Adam.
Run in an environment with image-reward 1.5 (see image_reward.py): PYTHONPATH=PACKAGES python tools/reference/face_score_step.py"""
import functools
import pathlib

import common
import image_reward
import torch
import transformers
from common import packed, tensor, weight

common.FIXTURES = pathlib.Path(__file__).resolve().parents[2] / 'libs/nodes/face-score-trainer/src/fixtures'
PAIRS, TOKENS, RATE = 3, 6, 1e-3
CONFIG = {
    'vision_config': dict(image_size=16, patch_size=8, hidden_size=8, intermediate_size=16, num_hidden_layers=4, num_attention_heads=2, layer_norm_eps=1e-6),
    'text_config': dict(vocab_size=20, hidden_size=12, intermediate_size=16, num_hidden_layers=4, num_attention_heads=3, max_position_embeddings=8, layer_norm_eps=1e-12, hidden_act='gelu', add_cross_attention=True),
    'head_sizes': [10, 8, 6, 4],
    'projection_dim': 5,
}
V, T = CONFIG['vision_config'], CONFIG['text_config']


class Reward(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.blip = torch.nn.Module()
        self.blip.visual_encoder = image_reward.VisionTransformer(img_size=V['image_size'], patch_size=V['patch_size'], embed_dim=V['hidden_size'], depth=V['num_hidden_layers'],
            num_heads=V['num_attention_heads'], mlp_ratio=V['intermediate_size'] / V['hidden_size'], norm_layer=functools.partial(torch.nn.LayerNorm, eps=V['layer_norm_eps']))
        self.blip.text_encoder = image_reward.BertModel(image_reward.BertConfig(**T, encoder_width=V['hidden_size'], attn_implementation='eager'), add_pooling_layer=False)
        self.blip.vision_proj = torch.nn.Linear(V['hidden_size'], CONFIG['projection_dim'])
        self.blip.text_proj = torch.nn.Linear(T['hidden_size'], CONFIG['projection_dim'])
        sizes = [T['hidden_size'], *CONFIG['head_sizes'], 1]
        layers = []
        for i in range(len(sizes) - 1):
            layers.append(torch.nn.Linear(sizes[i], sizes[i + 1]))
            if i < len(sizes) - 3:
                layers.append(torch.nn.Dropout(0.2))
        self.mlp = torch.nn.Module()
        self.mlp.layers = torch.nn.Sequential(*layers)

    def forward(self, pixels, ids, mask):
        picture = self.blip.visual_encoder(pixels)
        ones = torch.ones(picture.shape[:-1], dtype=torch.long)
        text = self.blip.text_encoder(ids, attention_mask=mask, encoder_hidden_states=picture, encoder_attention_mask=ones, return_dict=True)
        return self.mlp.layers(text.last_hidden_state[:, 0, :])


def freeze(model, share):
    """The rule of ImageReward's training code, for the depths at hand."""
    for name, parameter in model.blip.named_parameters():
        if '_proj' in name:
            parameter.requires_grad_(False)
    if share > 0:
        for encoder, mark in ((model.blip.text_encoder, f'layer.{int(T["num_hidden_layers"] * share)}'), (model.blip.visual_encoder, f'blocks.{int(V["num_hidden_layers"] * share)}')):
            for name, parameter in encoder.named_parameters():
                parameter.requires_grad_(False)
                if mark in name:
                    break


cases = []
for share in (0.7, 0):
    model = Reward()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(weight(name, tuple(parameter.shape)))
    # without dropout, which is random: all that is compared is what the steps compute
    model.eval()
    freeze(model, share)
    optimiser = torch.optim.Adam(model.parameters(), lr=RATE, betas=(0.9, 0.999), eps=1e-8)
    ids = torch.tensor([[2, 5, 7, 3, 0, 0]]).expand(PAIRS, TOKENS)
    mask = (ids != 0).long()
    steps = []
    for step in range(2):
        good, bad = (model(tensor(f'{kind}.{step}', (PAIRS, 3, V['image_size'], V['image_size'])), ids, mask) for kind in ('good', 'bad'))
        rewards = torch.concat((good, bad), dim=1)
        loss = torch.nn.functional.cross_entropy(rewards, torch.zeros(PAIRS, dtype=torch.long))
        accuracy = (good > bad).float().mean()
        optimiser.zero_grad()
        loss.backward()
        # those of the unused projections are none; what is trained in the first case has the same ones in the second
        gradients = {name: packed(parameter.grad) for name, parameter in model.named_parameters() if parameter.grad is not None}
        optimiser.step()
        steps.append({'rewards': packed(torch.concat((good, bad))[:, 0]), 'loss': loss.item(), 'accuracy': accuracy.item(), 'gradients': {} if step else {name: value for name, value in gradients.items() if share or name not in cases[0]['trained']},
            'parameters': {name: packed(parameter) for name, parameter in model.named_parameters() if name in gradients} if share and step else {}})
    cases.append({'frozenShare': share, 'trained': sorted(gradients), 'steps': steps})
common.write('train-step', cases, [transformers, image_reward.package], config=CONFIG, pairs=PAIRS, tokens=TOKENS, learning_rate=RATE)
