"""The steps of tools/bench-train/ours.ts in diffusers, peft and transformers on PyTorch."""
import json
import os
import sys
import time
import traceback

import torch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../reference'))
from common import hashed  # noqa: E402

told = json.loads(sys.argv[1])
torch.set_num_threads(told['threads'])


def filled(name, *shape):
    return torch.from_numpy(hashed(name, shape).astype('float32'))


def clip_and_move(loss, parameters, optimiser):
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(parameters, told['maxGradientNorm'])
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
    return {'loss': loss.item(), 'norm': norm.item()}


def open_lora():
    import diffusers
    import peft
    from diffusers import DDPMScheduler, UNet2DConditionModel

    diffusers.utils.logging.set_verbosity_error()
    unet = UNet2DConditionModel.from_single_file(told['path'], config=told['configs'], subfolder='unet', local_files_only=True, torch_dtype=torch.float32)
    unet.requires_grad_(False)
    rank = told['rank']
    unet.add_adapter(peft.LoraConfig(r=rank, lora_alpha=rank, init_lora_weights='gaussian', target_modules=['to_q', 'to_k', 'to_v', 'to_out.0']))
    if told['checkpointing']:
        unet.enable_gradient_checkpointing()
    unet.train()
    parameters = [p for p in unet.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(parameters, lr=told['learningRate'], weight_decay=told['weightDecay'])
    schedule = DDPMScheduler.from_pretrained(told['configs'], subfolder='scheduler', local_files_only=True)
    side = told['size'] // 8
    good, bad, noise = (filled(name, 1, 4, side, side) for name in ('good', 'bad', 'noise'))
    text = filled('text', 1, told['tokens'], unet.config.cross_attention_dim)
    times = torch.tensor([told['timestep']])
    bar = schedule.alphas_cumprod[times].view(-1, 1, 1, 1)

    def plain():
        return torch.nn.functional.mse_loss(unet(schedule.add_noise(good, noise, times), times, text, return_dict=False)[0], noise)

    def clean(latents):
        noisy = schedule.add_noise(latents, noise, times)
        return (noisy - (1 - bar).sqrt() * unet(noisy, times, text, return_dict=False)[0]) / bar.sqrt()

    def guidance():
        with torch.no_grad():
            unet.disable_adapters()
            target = clean(good)
            unet.enable_adapters()
        return torch.nn.functional.mse_loss(clean(bad), target)

    loss = {'plain': plain, 'guidance': guidance}[told['method']]
    return (lambda: clip_and_move(loss(), parameters, optimiser)), {'diffusers': diffusers.__version__, 'peft': peft.__version__}


VISION_NAMES = {'embeddings.class_embedding': 'cls_token', 'embeddings.position_embedding': 'pos_embed', 'embeddings.patch_embedding': 'patch_embed.proj', 'encoder.layers': 'blocks',
    'self_attn.qkv': 'attn.qkv', 'self_attn.projection': 'attn.proj', 'layer_norm1': 'norm1', 'layer_norm2': 'norm2', 'post_layernorm': 'norm'}


def vision_name(name):
    for theirs, ours in VISION_NAMES.items():
        name = name.replace(theirs, ours)
    return f'blip.visual_encoder.{name}'


def open_score():
    import transformers
    from safetensors import safe_open
    from transformers.models.blip.modeling_blip_text import BlipTextModel

    v, t, head_sizes = told['vision'], told['text'], told['head']
    vision = transformers.BlipVisionModel(transformers.BlipVisionConfig(image_size=v['imageSize'], patch_size=v['patchSize'], hidden_size=v['width'], intermediate_size=v['mlpWidth'],
        num_hidden_layers=v['layers'], num_attention_heads=v['heads'], layer_norm_eps=v['normEpsilon'], hidden_act='gelu', attention_dropout=0.0))
    text = BlipTextModel(transformers.BlipTextConfig(vocab_size=t['vocabSize'], hidden_size=t['width'], intermediate_size=t['mlpWidth'], num_hidden_layers=t['layers'],
        num_attention_heads=t['heads'], max_position_embeddings=t['maxTokens'], layer_norm_eps=t['normEpsilon'], encoder_hidden_size=v['width'], is_decoder=True,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0), add_pooling_layer=False)
    sizes = [t['width'], *head_sizes, 1]
    head = torch.nn.ModuleDict()
    place = 0
    for i in range(len(sizes) - 1):
        head[str(place)] = torch.nn.Linear(sizes[i], sizes[i + 1])
        place += 2 if i < len(sizes) - 3 else 1
    trained, parameters = set(told['trained']), []
    with safe_open(told['path'], 'pt') as file:
        for module, rename in ((vision, vision_name), (text, lambda n: f'blip.text_encoder.{n}'), (head, lambda n: f'mlp.layers.{n}')):
            for name, parameter in module.named_parameters():
                stored = rename(name)
                parameter.requires_grad_(stored in trained)
                # as loading with assign=True: pages of the file where it is not trained
                tensor = file.get_tensor(stored).view(parameter.shape)
                parameter.data = tensor.clone() if stored in trained else tensor
                if stored in trained:
                    parameters.append(parameter)
    if told['checkpointing']:
        for module in (vision, text):
            module.gradient_checkpointing_enable()
    for module in (vision, text):
        module.train()
    optimiser = torch.optim.AdamW(parameters, lr=told['learningRate'], weight_decay=0)
    rows = 2 * told['pairs']
    pixels = filled('pixels', rows, 3, v['imageSize'], v['imageSize'])
    ids = 1 + torch.arange(told['tokens']).repeat(rows, 1)
    mask = torch.ones(rows, told['tokens'])

    def loss():
        picture = vision(pixels).last_hidden_state
        hidden = text(ids, attention_mask=mask, encoder_hidden_states=picture, is_decoder=False).last_hidden_state[:, 0]
        for layer in head.values():
            hidden = layer(hidden)
        good, bad = hidden[:, 0].chunk(2)
        return torch.nn.functional.softplus(bad - good).mean()

    return (lambda: clip_and_move(loss(), parameters, optimiser)), {'transformers': transformers.__version__}


run, versions = None, {}


def open_all():
    global run, versions
    begun = time.perf_counter()
    run, versions = {'lora': open_lora, 'score': open_score}[told['kind']]()
    return {'seconds': time.perf_counter() - begun}


def step():
    begun = time.perf_counter()
    result = run()
    return {'seconds': time.perf_counter() - begun, **result}


handlers = {'open': open_all, 'step': step, 'about': lambda: {'device': None, 'versions': {'torch': torch.__version__, **versions}}}
print(json.dumps({'ready': True}), flush=True)
for line in sys.stdin:
    try:
        reply = handlers[json.loads(line)['ask']]()
    except Exception:
        reply = {'failed': traceback.format_exc()}
    print(json.dumps(reply), flush=True)
