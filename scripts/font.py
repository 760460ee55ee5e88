#!/usr/bin/env python3
"""Writes train/detail/font_data.cpp: the outlines of DejaVu Sans that pictures in PNG are lettered with.

    scripts/font.py [/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf]     Debian: fonts-dejavu-core

A TrueType file is read by its tables cmap, loca, glyf and hmtx; coordinates become thousandths of the font's size.
"""
import os
import struct
import sys

PATH = sys.argv[1] if len(sys.argv) > 1 else "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
OUT = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "train", "detail", "font_data.cpp")
CHARACTERS = (
    list(range(0x20, 0x7F)) + list(range(0xA1, 0xAD)) + list(range(0xAE, 0x100)) + list(range(0x391, 0x3A2)) +
    list(range(0x3A3, 0x3AA)) + list(range(0x3B1, 0x3CA)) +
    [0x2013, 0x2014, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2026, 0x2070] + list(range(0x2074, 0x207C)) +
    [0x2190, 0x2192, 0x2202, 0x2207, 0x2211, 0x2212, 0x221A, 0x221E, 0x2248, 0x2260, 0x2264, 0x2265, 0x25A1])

data = open(PATH, "rb").read()
tables = {}
for i in range(struct.unpack(">H", data[4:6])[0]):
    tag, _, offset, length = struct.unpack(">4sIII", data[12 + 16 * i:28 + 16 * i])
    tables[tag.decode()] = data[offset:offset + length]
units = struct.unpack(">H", tables["head"][18:20])[0]
long_loca = struct.unpack(">h", tables["head"][50:52])[0] == 1
metrics = struct.unpack(">H", tables["hhea"][34:36])[0]


def glyph_numbers():
    cmap = tables["cmap"]
    for i in range(struct.unpack(">H", cmap[2:4])[0]):
        platform, encoding, offset = struct.unpack(">HHI", cmap[4 + 8 * i:12 + 8 * i])
        table = cmap[offset:]
        if (platform, encoding) != (3, 1) or struct.unpack(">H", table[:2])[0] != 4:
            continue
        count = struct.unpack(">H", table[6:8])[0] // 2

        def column(k, kind="H"):
            at = 14 + 2 * count * k + (2 if k > 0 else 0)
            return struct.unpack(">%d%s" % (count, kind), table[at:at + 2 * count])
        ends, starts, deltas, ranges = column(0), column(1), column(2, "h"), column(3)
        numbers = {}
        for k in range(count):
            for code in range(starts[k], ends[k] + 1):
                if ranges[k] == 0:
                    numbers[code] = (code + deltas[k]) & 0xFFFF
                else:
                    at = 16 + 6 * count + 2 * k + ranges[k] + 2 * (code - starts[k])
                    number = struct.unpack(">H", table[at:at + 2])[0]
                    numbers[code] = (number + deltas[k]) & 0xFFFF if number else 0
        return numbers
    sys.exit("%s has no Unicode table of format 4" % PATH)


def location(number):
    if long_loca:
        return struct.unpack(">II", tables["loca"][4 * number:4 * number + 8])
    return tuple(2 * x for x in struct.unpack(">HH", tables["loca"][2 * number:2 * number + 4]))


def contours(number):
    """Lists of (x, y, on the curve)."""
    begin, end = location(number)
    if begin == end:
        return []
    g = tables["glyf"][begin:end]
    count = struct.unpack(">h", g[:2])[0]
    at = 10
    if count < 0:  # made of others
        result = []
        while True:
            flags, other = struct.unpack(">HH", g[at:at + 4])
            at += 4
            dx, dy = struct.unpack(">hh" if flags & 1 else ">bb", g[at:at + (4 if flags & 1 else 2)])
            at += 4 if flags & 1 else 2
            a, b, c, d = 1.0, 0.0, 0.0, 1.0
            if flags & 8:
                a = d = struct.unpack(">h", g[at:at + 2])[0] / 16384
                at += 2
            elif flags & 64:
                a, d = (x / 16384 for x in struct.unpack(">hh", g[at:at + 4]))
                at += 4
            elif flags & 128:
                a, b, c, d = (x / 16384 for x in struct.unpack(">hhhh", g[at:at + 8]))
                at += 8
            for contour in contours(other):
                result.append([(a * x + c * y + dx, b * x + d * y + dy, on) for x, y, on in contour])
            if not flags & 32:
                return result
    ends = struct.unpack(">%dH" % count, g[at:at + 2 * count])
    at += 2 * count
    at += 2 + struct.unpack(">H", g[at:at + 2])[0]
    flags = []
    while len(flags) <= ends[-1]:
        flag = g[at]
        at += 1
        flags.append(flag)
        if flag & 8:
            flags += [flag] * g[at]
            at += 1
    axes = []
    for short, same in ((2, 16), (4, 32)):
        value, values = 0, []
        for flag in flags:
            if flag & short:
                value += g[at] if flag & same else -g[at]
                at += 1
            elif not flag & same:
                value += struct.unpack(">h", g[at:at + 2])[0]
                at += 2
            values.append(value)
        axes.append(values)
    points = [(x, y, bool(flag & 1)) for x, y, flag in zip(axes[0], axes[1], flags)]
    result, start = [], 0
    for last in ends:
        result.append(points[start:last + 1])
        start = last + 1
    return result


def rounded(x):
    return "%d" % round(1000 * x / units)


def path(number):
    """Lines and quadratic curves: "M x y", "L x y", "Q x y x y", each contour closed by the next M or the end."""
    text = []
    for points in contours(number):
        if not points:
            continue
        if not points[0][2]:  # starts between two points, or at one on the curve
            if points[-1][2]:
                points = [points[-1]] + points[:-1]
            else:
                points = [((points[0][0] + points[-1][0]) / 2, (points[0][1] + points[-1][1]) / 2, True)] + points
        text.append("M%s %s" % (rounded(points[0][0]), rounded(points[0][1])))
        control = None
        for x, y, on in points[1:] + points[:1]:
            if on and control is None:
                text.append("L%s %s" % (rounded(x), rounded(y)))
            elif on:
                text.append("Q%s %s %s %s" % (rounded(control[0]), rounded(control[1]), rounded(x), rounded(y)))
                control = None
            else:
                if control is not None:
                    middle = ((control[0] + x) / 2, (control[1] + y) / 2)
                    text.append("Q%s %s %s %s" % tuple(rounded(v) for v in control + middle))
                control = (x, y)
    return "".join(text)


numbers = glyph_numbers()
rows = []
for code in sorted(CHARACTERS):
    number = numbers.get(code, 0)
    if number == 0:
        continue
    at = 4 * min(number, metrics - 1)
    advance = struct.unpack(">H", tables["hmtx"][at:at + 2])[0]
    rows.append('    {%d, %s, "%s"},' % (code, rounded(advance), path(number)))

with open(OUT, "w") as out:
    out.write("""// Made by scripts/font.py: outlines of DejaVu Sans 2.37, in thousandths of the font's size.
//
// They are part of the library so that a picture looks the same on each machine, and needs no font and no library of fonts.
// DejaVu Sans: Fonts are (c) Bitstream. DejaVu changes are in public domain. Glyphs imported from Arev fonts are (c) Tavmjong
// Bah. Permission is hereby granted, free of charge, to any person obtaining a copy of the fonts and associated documentation
// files, to reproduce and distribute the Font Software, including without limitation the rights to use, copy, merge,
// publish, distribute, and/or sell copies of it. The above notices and this permission notice shall be included in all
// copies of one or more of the Font Software typefaces. The software is provided "as is", without warranty of any kind.
#include "font_data.hpp"

namespace xgrad::train::detail {

// clang-format off
const Glyph kGlyphs[] = {
%s
};
// clang-format on
const int kGlyphCount = sizeof kGlyphs / sizeof kGlyphs[0];

}  // namespace xgrad::train::detail
""" % "\n".join(rows))
print("%d characters" % len(rows))
