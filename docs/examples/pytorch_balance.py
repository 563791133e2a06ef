"""Train a small ReLU network on the digits, and move it to its noise equilibrium."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

import numpy
import torch
from safetensors.torch import load_file, save_file
from torch.func import functional_call, grad, vmap
from torch.nn.functional import cross_entropy

RATE, BATCH, DECAY = 0.1, 32, 1e-3
PROGRAM = os.environ.get("NOISE_EQUILIBRIUM", "noise-equilibrium")
DIGITS = Path(__file__).parents[2] / "tests" / "data" / "digits.csv"

torch.manual_seed(0)
rows = torch.from_numpy(numpy.loadtxt(DIGITS, delimiter=",", dtype=numpy.float32))
pixels, labels = rows[:, :64] / 16, rows[:, 64].long()

net = torch.nn.Sequential()
for name, layer in [("fc1", torch.nn.Linear(64, 32)), ("act1", torch.nn.ReLU()),
                    ("fc2", torch.nn.Linear(32, 16)), ("act2", torch.nn.ReLU()),
                    ("fc3", torch.nn.Linear(16, 10))]:
    net.add_module(name, layer)
optimizer = torch.optim.SGD(net.parameters(), lr=RATE, weight_decay=DECAY)
for step in range(2000):
    chosen = torch.randint(len(labels), (BATCH,))
    optimizer.zero_grad()
    cross_entropy(net(pixels[chosen]), labels[chosen]).backward()
    optimizer.step()

# One gradient for each sample, of the loss alone: without weight decay, not averaged.
parameters = {name: p.detach() for name, p in net.named_parameters()}


def loss(parameters, x, y):
    return cross_entropy(functional_call(net, parameters, (x[None],)), y[None])


gradients = vmap(grad(loss), in_dims=(None, 0, 0))(parameters, pixels, labels)

folder = Path(tempfile.mkdtemp())
save_file(parameters, folder / "net.safetensors")
save_file({name: g.contiguous() for name, g in gradients.items()}, folder / "grads.safetensors")
network = {
    "format": "noise-equilibrium/network-1",
    # Strings are read exactly. PyTorch's weight_decay is 2γ.
    "strength": {"gamma": str(DECAY / 2), "learning_rate": str(RATE), "batch_size": BATCH},
    "pairs": [
        {"kind": "relu", "up": "fc2.weight", "down": "fc1.weight", "bias": "fc1.bias"},
        {"kind": "relu", "up": "fc3.weight", "down": "fc2.weight", "bias": "fc2.bias"},
    ],
}
(folder / "network.json").write_text(json.dumps(network))
subprocess.run([PROGRAM, "balance", folder / "net.safetensors",
                "--network", folder / "network.json", "--gradients", folder / "grads.safetensors",
                "--out", folder / "balanced.safetensors"], check=True)

before = net(pixels)
net.load_state_dict(load_file(folder / "balanced.safetensors"))
difference = (net(pixels) - before).abs().max() / before.abs().max()
print(f"largest relative difference of the outputs: {difference:.1e}")
assert difference < 1e-5
