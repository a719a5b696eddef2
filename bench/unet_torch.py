"""The U-Net of unet.ts in PyTorch. Reads lines "train", "train_default", "infer", "infer_default" or "matmul" from stdin, runs
that once, and answers with the seconds it took. Channels-last unless "default"."""
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

torch.set_num_threads(int(sys.argv[1]))
torch.manual_seed(0)


class Block(nn.Module):
    def __init__(self, c_in, c_out):
        super().__init__()
        self.a = nn.Conv2d(c_in, c_out, 3, padding=1)
        self.b = nn.Conv2d(c_out, c_out, 3, padding=1)

    def forward(self, x):
        return F.relu(self.b(F.relu(self.a(x))))


class UNet(nn.Module):
    def __init__(self, f=32):
        super().__init__()
        self.down = nn.ModuleList([Block(1, f), Block(f, 2 * f), Block(2 * f, 4 * f)])
        self.middle = Block(4 * f, 8 * f)
        self.up = nn.ModuleList([Block(12 * f, 4 * f), Block(6 * f, 2 * f), Block(3 * f, f)])
        self.last = nn.Conv2d(f, 1, 1)

    def forward(self, x):
        skips = []
        for block in self.down:
            x = block(x)
            skips.append(x)
            x = F.max_pool2d(x, 2)
        x = self.middle(x)
        for block, skip in zip(self.up, reversed(skips)):
            x = block(torch.cat([F.interpolate(x, scale_factor=2), skip], 1))
        return self.last(x)


class Case:
    def __init__(self, layout):
        self.net = UNet().to(memory_format=layout)
        self.adam = torch.optim.Adam(self.net.parameters(), 1e-4)
        self.x = torch.randn(4, 1, 128, 128).contiguous(memory_format=layout)
        self.t = torch.randn(4, 1, 128, 128).contiguous(memory_format=layout)
        self.large = torch.randn(1, 1, 1024, 1024).contiguous(memory_format=layout)

    def train(self):
        self.adam.zero_grad()
        loss = (self.net(self.x) - self.t).abs().mean()
        loss.backward()
        self.adam.step()
        return loss.item()

    def infer(self):
        with torch.no_grad():
            self.net(self.large)


last, default = Case(torch.channels_last), Case(torch.contiguous_format)
matrix = torch.randn(1024, 1024)
run = {
    "train": last.train,
    "train_default": default.train,
    "infer": last.infer,
    "infer_default": default.infer,
    "matmul": lambda: [matrix @ matrix for _ in range(8)],
}
print(f"ready {torch.__version__}", flush=True)
for line in sys.stdin:
    start = time.perf_counter()
    run[line.strip()]()
    print(time.perf_counter() - start, flush=True)
