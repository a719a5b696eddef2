"""The autofocus network in PyTorch, for bench/autofocus.bench.ts: reads a line of JSON (threads, side, architecture), says its version, then
for each line that it reads runs once and writes the milliseconds."""

import json
import sys
import time

import torch
from torch import nn

setting = json.loads(sys.stdin.readline())
torch.set_num_threads(setting["threads"])
torch.set_grad_enabled(False)


class Padded(nn.Module):
    """A convolution with the same zeros on both sides as the ONNX graph's."""

    def __init__(self, a, b, kernel, stride, groups=1):
        super().__init__()
        before = (kernel - stride) // 2
        after = kernel - stride - before
        self.pad = nn.ZeroPad2d((before, after, before, after)) if before != after else nn.Identity()
        self.conv = nn.Conv2d(a, b, kernel, stride, before if before == after else 0, groups=groups)

    def forward(self, x):
        return self.conv(self.pad(x))


class Block(nn.Module):
    def __init__(self, a, expand, channels, kernel, stride):
        super().__init__()
        wide = expand or a
        self.expand = nn.Sequential(nn.Conv2d(a, wide, 1), nn.Hardswish()) if expand else nn.Identity()
        self.seen = Padded(wide, wide, kernel, stride, wide)
        self.bend = nn.Hardswish() if expand else nn.Identity()
        self.project = nn.Conv2d(wide, channels, 1)
        self.out = nn.Identity() if expand else nn.ReLU()
        self.residual = stride == 1 and channels == a

    def forward(self, x):
        y = self.out(self.project(self.bend(self.seen(self.expand(x)))))
        return x + y if self.residual else y


architecture = setting["architecture"]
stem = architecture["stem"]
layers = [Padded(1, stem["channels"], stem["kernel"], stem["stride"]), nn.Hardswish()]
channels = stem["channels"]
for block in architecture["blocks"]:
    layers.append(Block(channels, block["expand"], block["channels"], block["kernel"], block["stride"]))
    channels = block["channels"]
layers += [nn.Conv2d(channels, architecture["head"], 1), nn.Hardswish(), nn.Conv2d(architecture["head"], 4, 1)]
network = nn.Sequential(*layers).eval().to(memory_format=torch.channels_last)
image = torch.rand(1, 1, setting["side"], setting["side"]).contiguous(memory_format=torch.channels_last)
network(image)
print("PyTorch", torch.__version__, flush=True)
for _ in sys.stdin:
    begun = time.perf_counter()
    network(image)
    print(1e3 * (time.perf_counter() - begun), flush=True)
