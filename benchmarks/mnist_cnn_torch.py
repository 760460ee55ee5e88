"""The network of examples/mnist_cnn.cpp in PyTorch, to compare times: mnist_cnn_torch.py FOLDER [POINTS [EPOCHS [THREADS]]]."""

import gzip
import sys
import time

import numpy as np
import torch
from torch import nn

folder = sys.argv[1]
points, epochs, threads = (int(sys.argv[i]) if len(sys.argv) > i else default for i, default in ((2, 60000), (3, 3), (4, 1)))
torch.set_num_threads(threads)
torch.manual_seed(0)


def read(name, offset, shape):
    with gzip.open(f"{folder}/{name}.gz") as file:
        return np.frombuffer(file.read(), np.uint8, offset=offset).reshape(shape)


images = {p: torch.tensor(read(f"{p}-images-idx3-ubyte", 16, (-1, 1, 28, 28)) / np.float32(255)) for p in ("train", "t10k")}
labels = {p: torch.tensor(read(f"{p}-labels-idx1-ubyte", 8, (-1,)).astype(np.int64)) for p in ("train", "t10k")}
x, y = images["train"][:points], labels["train"][:points]

model = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(),
    nn.MaxPool2d(2), nn.Flatten(), nn.Linear(32 * 7 * 7, 128), nn.ReLU(), nn.Dropout(0.25), nn.Linear(128, 10))
adam = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(epochs):
    start = time.perf_counter()
    model.train()
    for batch in torch.randperm(len(x)).split(64):
        adam.zero_grad()
        loss = nn.functional.cross_entropy(model(x[batch]), y[batch])
        loss.backward()
        adam.step()
        loss.item()
    took = time.perf_counter() - start
    for group in adam.param_groups:
        group["lr"] *= 0.5
    model.eval()
    with torch.no_grad():
        right = sum((model(a).argmax(1) == b).sum().item() for a, b in zip(images["t10k"].split(500), labels["t10k"].split(500)))
    print(f"epoch {epoch + 1} of {epochs}: {right / 100:.2f} % of the test images right, {took:.1f} s", flush=True)
