"""Writes what PyTorch makes of four small models, in float64: their weights as PyTorch's users save them, inputs, outputs
and gradients. tests/io/pytorch.cpp loads the weights and compares. The files are kept, so that the test needs no PyTorch:

    /usr/bin/python3 tests/io/data/pytorch_models.py

<model>.safetensors has the state_dict alone, <model>.expected.npz all else: `input`, `output`, `cotangent`, `grad.<name>`,
`grad_input`, and for what a training step changes `after.<name>`.
"""
import json
import os
import struct

import numpy as np
import torch
from torch import nn

HERE = os.path.dirname(os.path.abspath(__file__))
DTYPES = {torch.float64: "F64", torch.float32: "F32", torch.int64: "I64", torch.bool: "BOOL"}


def save_file(tensors, path, metadata=None):
    """As safetensors.torch.save_file writes it, which this machine may not have."""
    header, data = {}, b""
    if metadata:
        header["__metadata__"] = metadata
    for name, tensor in sorted(tensors.items(), key=lambda one: (-one[1].element_size(), one[0])):
        raw = tensor.detach().contiguous().numpy().tobytes()
        header[name] = {"dtype": DTYPES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode("utf-8")
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(6, 9)
        self.output = nn.Linear(9, 4)

    def forward(self, x):
        return self.output(torch.tanh(self.hidden(x)))


class Cnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(2, 4, 3, padding=1)
        self.norm1 = nn.BatchNorm2d(4)
        self.pool = nn.MaxPool2d(2)
        self.conv2 = nn.Conv2d(4, 6, 3, stride=2, groups=2, bias=False)
        self.norm2 = nn.BatchNorm2d(6)
        self.output = nn.Linear(6 * 1 * 2, 3)

    def forward(self, x):
        x = self.pool(torch.relu(self.norm1(self.conv1(x))))
        x = torch.relu(self.norm2(self.conv2(x)))
        return self.output(torch.flatten(x, 1))


class Lstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(5, 7, num_layers=2, batch_first=True)
        self.output = nn.Linear(7, 3)

    def forward(self, x):
        output, (h, c) = self.lstm(x)
        return self.output(output) + h[0].sum() * c[1].mean()


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(8, 2, dim_feedforward=16, activation="gelu", batch_first=True)

    def forward(self, x):
        return self.layer(x)


def write(name, model, shape, training):
    model.double().train(training)
    with torch.no_grad():  # biases and normalisations that start as 0 and 1 would hide mistakes
        for own, tensor in model.state_dict().items():
            if tensor.dtype == torch.float64 and tensor.ndim == 1:
                tensor.add_(0.3 * torch.rand_like(tensor))
    save_file(model.state_dict(), os.path.join(HERE, name + ".safetensors"), {"format": "pt"})
    x = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    y = model(x)
    cotangent = torch.randn_like(y)
    y.backward(cotangent)
    found = {"input": x, "output": y, "cotangent": cotangent, "grad_input": x.grad}
    for own, parameter in model.named_parameters():
        found["grad." + own] = parameter.grad
    if training:
        for own, buffer in model.named_buffers():
            found["after." + own] = buffer
    np.savez_compressed(os.path.join(HERE, name + ".expected.npz"), **{key: one.detach().numpy() for key, one in found.items()})


def main():
    torch.manual_seed(5)
    torch.set_num_threads(1)
    write("mlp", Mlp(), (5, 6), False)
    write("cnn", Cnn(), (3, 2, 6, 10), False)
    write("cnn_training", Cnn(), (3, 2, 6, 10), True)
    write("lstm", Lstm(), (3, 4, 5), False)
    write("transformer", Transformer(), (3, 5, 8), False)


if __name__ == "__main__":
    main()
