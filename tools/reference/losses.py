# Reference values and gradients of the losses in libs/train, by torch.autograd.
# Writes libs/train/src/fixtures/losses.json:  python tools/reference/losses.py
import json
import pathlib

import torch
import torch.nn.functional as F

SEED = 7
torch.manual_seed(SEED)
cases = {}


def case(name, inputs, wanted, loss):
    """Records inputs, the loss, and its gradients with respect to the inputs named in `wanted`."""
    gradients = torch.autograd.grad(loss, [inputs[key] for key in wanted], retain_graph=True)
    say = lambda t: {"dims": list(t.shape), "data": [float(f"{v:.8g}") for v in t.detach().flatten().tolist()]}
    cases[name] = {
        "inputs": {key: say(value) for key, value in inputs.items()},
        "loss": loss.item(),
        "gradients": {key: say(value) for key, value in zip(wanted, gradients)},
    }


def leaf(*shape):
    # Rounded, so that the decimals in the file are the very numbers that were used.
    return ((torch.randn(*shape) * 1000).round() / 1000).requires_grad_()


def per_sample(x):
    return x.reshape(-1, 1, 1, 1)


def add_noise(latents, noise, abar):
    return per_sample(abar).sqrt() * latents + (1 - per_sample(abar)).sqrt() * noise


def denoise_once(noisy, prediction, abar):
    return (noisy - (1 - per_sample(abar)).sqrt() * prediction) / per_sample(abar).sqrt()


abar = torch.tensor([0.9, 0.25, 0.05])
snr = abar / (1 - abar)

prediction, noise = leaf(3, 2, 4, 4), leaf(3, 2, 4, 4)
inputs = {"prediction": prediction, "noise": noise, "alpha_bar": abar}
case("diffusion", inputs, ["prediction"], F.mse_loss(prediction, noise))
squares = ((prediction - noise) ** 2).mean((1, 2, 3))
case("diffusion_min_snr", inputs, ["prediction"], (squares * torch.clamp(snr, max=5) / snr).mean())

good, bad, noise = leaf(3, 2, 4, 4), leaf(3, 2, 4, 4), leaf(3, 2, 4, 4)
timestep = torch.tensor([50.0, 400.0, 800.0])
frozen, trained = leaf(1, 2, 1, 1), leaf(1, 2, 1, 1)
inputs = {"good": good, "bad": bad, "noise": noise, "alpha_bar": abar, "timestep": timestep, "frozen": frozen, "trained": trained}
predict = lambda weight, noisy: weight * noisy + per_sample(timestep) / 1000
noisy_bad, noisy_good = add_noise(bad, noise, abar), add_noise(good, noise, abar)
clean_bad = denoise_once(noisy_bad, predict(trained, noisy_bad), abar)
clean_good = denoise_once(noisy_good, predict(frozen, noisy_good), abar).detach()
squares = ((clean_bad - clean_good) ** 2).mean((1, 2, 3))
for name, weight in {"none": torch.ones(3), "snr": snr, "min_snr": torch.clamp(snr, max=5)}.items():
    case(f"guidance_{name}", inputs, ["trained", "bad"], (squares * weight).mean())
plain = F.mse_loss(predict(trained, noisy_good), noise)
case("face", inputs, ["trained"], 0.7 * (squares * torch.clamp(snr, max=5)).mean() + 1.5 * plain)

good, bad = leaf(6, 1), leaf(6, 1)
case("ranking", {"good": good, "bad": bad}, ["good", "bad"], -F.logsigmoid(good - bad).mean())

picture, reconstruction, mean, logvar = leaf(2, 3, 6, 6), leaf(2, 3, 6, 6), leaf(2, 2, 3, 3), leaf(2, 2, 3, 3)
error = reconstruction - picture
edges = error.diff(dim=2).abs().mean() + error.diff(dim=3).abs().mean()
kl = 0.5 * (mean**2 + logvar.exp() - 1 - logvar).mean()
inputs = {"picture": picture, "reconstruction": reconstruction, "mean": mean, "logvar": logvar}
case("autoencoder", inputs, ["reconstruction", "mean", "logvar"], error.abs().mean() + 0.5 * edges + 0.01 * kl)

cls, obj, bbox, kps = leaf(2, 5, 1), leaf(2, 5, 1), leaf(2, 5, 4), leaf(2, 5, 10)
positive = torch.tensor([[0.0, 1, 0, 0, 1], [0, 0, 0, 1, 0]]).reshape(2, 5, 1)
bbox_target, kps_target = leaf(2, 5, 4), leaf(2, 5, 10)
total = (
    F.binary_cross_entropy_with_logits(cls, positive, reduction="sum")
    + F.binary_cross_entropy_with_logits(obj, positive, reduction="sum")
    + 2 * (F.smooth_l1_loss(bbox, bbox_target, reduction="none") * positive).sum()
    + 0.5 * (F.smooth_l1_loss(kps, kps_target, reduction="none") * positive).sum()
)
inputs = {"cls": cls, "obj": obj, "bbox": bbox, "kps": kps, "positive": positive, "bbox_target": bbox_target, "kps_target": kps_target}
case("detector", inputs, ["cls", "obj", "bbox", "kps"], total / 3)



# What models of each kind are to predict, and the clean latents behind what they do.
def prediction_target(kind, latents, noise, abar):
    if kind == "epsilon":
        return noise
    if kind == "sample":
        return latents
    return per_sample(abar).sqrt() * noise - (1 - per_sample(abar)).sqrt() * latents


def clean_of(kind, noisy, prediction, abar):
    if kind == "epsilon":
        return denoise_once(noisy, prediction, abar)
    if kind == "sample":
        return prediction
    return per_sample(abar).sqrt() * noisy - (1 - per_sample(abar)).sqrt() * prediction


def min_snr(kind, gamma):
    capped = torch.clamp(snr, max=gamma)
    return {"epsilon": capped / snr, "v_prediction": capped / (snr + 1), "sample": capped}[kind]


SMALL = (3, 2, 2, 2)
good, bad, noise, bad_noise = leaf(*SMALL), leaf(*SMALL), leaf(*SMALL), leaf(*SMALL)
frozen, trained = leaf(1, 2, 1, 1), leaf(1, 2, 1, 1)
shared = {"good": good, "bad": bad, "noise": noise, "alpha_bar": abar, "timestep": timestep, "frozen": frozen, "trained": trained}
places = 1 + 3 * torch.tensor([[0, 0, 0, 1], [0, 0.5, 0, 1], [1, 1, 1, 1]]).reshape(3, 1, 2, 2)


def squares_of(kind, weight, latents, noise):
    """Mean squared error of each sample."""
    return ((predict(weight, add_noise(latents, noise, abar)) - prediction_target(kind, latents, noise, abar)) ** 2).mean((1, 2, 3))


for kind in ["epsilon", "v_prediction", "sample"]:
    own, kept = squares_of(kind, trained, good, noise), squares_of(kind, trained, bad, bad_noise)
    both = {**shared, "bad_noise": bad_noise}
    case(f"dream_booth_{kind}", both, ["trained"], (own * min_snr(kind, 5)).mean() + 0.7 * kept.mean())

    noisy_bad, noisy_good = add_noise(bad, noise, abar), add_noise(good, noise, abar)
    clean_bad = clean_of(kind, noisy_bad, predict(trained, noisy_bad), abar)
    clean_good = clean_of(kind, noisy_good, predict(frozen, noisy_good), abar).detach()
    distance = (clean_bad - clean_good) ** 2
    masked = (distance * places).sum((1, 2, 3)) / places.expand_as(distance).sum((1, 2, 3))
    case(f"guidance_places_{kind}", {**shared, "places": places}, ["trained", "bad"], (masked * torch.clamp(snr, max=5)).mean())

    def gain(latents, noise):
        with torch.no_grad():
            reference = squares_of(kind, frozen, latents, noise)
        return squares_of(kind, trained, latents, noise) - reference

    # train.py of SalesforceAIResearch/DiffusionDPO, and train_diffusion_dpo.py of diffusers; beta is small, so that the sigmoid is not flat
    inside = gain(good, noise) - gain(bad, noise)
    case(f"dpo_authors_{kind}", shared, ["trained"], -F.logsigmoid(-0.5 * 1.4 * inside).mean())
    case(f"dpo_diffusers_{kind}", shared, ["trained"], -F.logsigmoid(1.4 * -inside).mean())
    case(f"spin_{kind}", both, ["trained"], -F.logsigmoid(-1.4 * (gain(good, noise) - gain(bad, bad_noise))).mean())


path = pathlib.Path(__file__).parents[2] / "libs/train/src/fixtures/losses.json"
header = {"command": "python tools/reference/losses.py", "torch": torch.__version__, "seed": SEED}
path.write_text(json.dumps({"made": header, "cases": cases}, separators=(",", ":")) + "\n")
