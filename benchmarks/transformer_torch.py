#!/usr/bin/env python3
"""The model and training of examples/transformer.cpp in PyTorch, to compare time, memory and loss:

    /usr/bin/python3 benchmarks/transformer_torch.py --steps 200 --threads 1
    build/release/examples/transformer --steps 200 --threads 1
"""
import argparse
import gzip
import math
import os
import resource
import time

import torch
from torch import nn


def parse():
    parser = argparse.ArgumentParser()
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("--data", default=os.path.join(here, "../examples/data/shakespeare.txt.gz"))
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--validate", type=int, default=0, help="windows to validate on; 0: all")
    return parser.parse_args()


CONTEXT, LAYERS, HEADS, WIDTH = 64, 4, 4, 128


class LanguageModel(nn.Module):
    def __init__(self, characters):
        super().__init__()
        self.character = nn.Embedding(characters, WIDTH)
        self.place = nn.Embedding(CONTEXT, WIDTH)
        layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 4 * WIDTH, dropout=0, activation="gelu", batch_first=True,
                                           norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, LAYERS, nn.LayerNorm(WIDTH))
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(CONTEXT))
        for name, parameter in self.named_parameters():
            is_added = "out_proj" in name or "linear2" in name
            if parameter.dim() == 2:
                is_table = not name.startswith("encoder")
                fan = parameter.shape[1] * (2 * LAYERS if is_added else 1)
                nn.init.normal_(parameter, 0, 0.06 if is_table else 1 / math.sqrt(fan))
            elif "norm" not in name:
                nn.init.zeros_(parameter)

    def forward(self, x):
        length = x.shape[1]
        embedded = self.character(x) + self.place.weight[:length]
        encoded = self.encoder(embedded, self.mask[:length, :length])
        return nn.functional.linear(encoded, self.character.weight)


def loss_of(model, windows):
    logits = model(windows[:, :-1])
    return nn.functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), windows[:, 1:].reshape(-1))


def windows_at(text, starts):
    return text[starts[:, None] + torch.arange(CONTEXT + 1)]


def main():
    arguments = parse()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    with gzip.open(arguments.data, "rt", encoding="utf-8") as file:
        text = file.read()
    number_of = {character: i for i, character in enumerate(sorted(set(text)))}
    numbers = torch.tensor([number_of[character] for character in text])
    cut = len(numbers) * 9 // 10
    training, held_out = numbers[:cut], numbers[cut:]

    model = LanguageModel(len(number_of))
    groups = [{"params": [p for p in model.parameters() if p.dim() >= 2], "weight_decay": 0.1},
              {"params": [p for p in model.parameters() if p.dim() < 2], "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99))
    warmup = min(100, arguments.steps // 2)

    def rate(t):
        if t < warmup:
            return (t + 1) / (warmup + 1)
        return 0.1 + 0.9 * (1 + math.cos(math.pi * min(1, (t - warmup) / (arguments.steps - warmup)))) / 2

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
    wall, cpu = time.perf_counter(), time.process_time()
    total, since = 0.0, 0
    for step in range(1, arguments.steps + 1):
        windows = windows_at(training, torch.randint(0, len(training) - CONTEXT, (arguments.batch,)))
        loss = loss_of(model, windows)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1)
        optimizer.step()
        schedule.step()
        total += loss.item()
        since += 1
        if step % 100 == 0 or step == arguments.steps:
            print(f"step {step:5}/{arguments.steps}  loss {total / since:.4f}  "
                  f"{1e3 * (time.perf_counter() - wall) / step:.1f} ms a step "
                  f"({1e3 * (time.process_time() - cpu) / step:.1f} of the processor)", flush=True)
            total, since = 0.0, 0
    print(f"trained for {time.perf_counter() - wall:.1f} s ({time.process_time() - cpu:.1f} of the processor)")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")

    model.train()  # not eval(): its quick way takes no mask of floats
    count = (len(held_out) - 1) // CONTEXT
    count = min(count, arguments.validate) if arguments.validate > 0 else count
    sum_of_losses = 0.0
    with torch.no_grad():
        for first in range(0, count, 64):
            end = min(count, first + 64)
            sum_of_losses += loss_of(model, windows_at(held_out, torch.arange(first, end) * CONTEXT)).item() * (end - first)
    print(f"held out: {sum_of_losses / count:.4f} nats a character")


if __name__ == "__main__":
    main()
