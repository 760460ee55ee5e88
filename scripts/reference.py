"""Doc blocks to a reference: `filter FILE` writes a header as Doxygen is to read it, `make XML OUT` makes pages of its XML.

A doc block is prose, then lines that begin with one of the labels below, in any order. What is indented by four spaces or
more is code. scripts/reference.sh is the way to call this.
"""

import os
import re
import sys
import xml.etree.ElementTree as ElementTree

LABELS = ["Shapes", "Dtype", "Derivative", "Throws", "Source", "Example", "NumPy", "PyTorch"]
LABEL = re.compile(r"^(" + "|".join(LABELS) + r"):\s*(.*)$")


# ---- A header as Doxygen is to read it ----


def escaped(text):
    """Text in which nothing means anything to Doxygen."""
    return re.sub(r"([\\@<>&#$%\"])", r"\\\1", text).replace("::", "\\::")


def filtered_block(lines):
    """The lines of a doc block, without their slashes, with labels as paragraphs and code as verbatim text."""
    out, code = [], []

    def close():
        if code:
            out.extend(["@verbatim", *code, "@endverbatim"])
            code.clear()

    for line in lines:
        label = LABEL.match(line)
        if line.startswith("    "):
            code.append(line[4:])
            continue
        close()
        if label:
            out.extend(["", "@par " + label[1], escaped(label[2])])
        else:
            out.append(escaped(line))
    close()
    return out


def filter_header(path):
    block = []
    for line in open(path, encoding="utf-8").read().split("\n"):
        text = re.match(r"^\s*///(?!<)\s?(.*)$", line)
        if text:
            block.append(text[1])
            continue
        if block:
            print("/**")
            print("\n".join(filtered_block(block)))
            print("*/")
            block = []
        print(line)


# ---- Pages of Doxygen's XML ----


def flat(node):
    """The text of a node, code in fences."""
    parts = [node.text or ""]
    for child in node:
        if child.tag == "verbatim":
            parts.append("\n```cpp\n" + (child.text or "").strip("\n") + "\n```\n")
        elif child.tag == "simplesect":
            pass
        else:
            parts.append(flat(child))
        parts.append(child.tail or "")
    return "".join(parts)


def tidy(text):
    pieces = re.split(r"(\n```cpp\n.*?\n```\n)", text, flags=re.S)
    return "".join(p if p.startswith("\n```") else re.sub(r"\s+", " ", p) for p in pieces).strip()


def code_of(text):
    """The code in a paragraph: a fence, or what is between backticks, or all of it."""
    fence = re.search(r"```cpp\n(.*?)\n```", text, flags=re.S)
    if fence:
        return fence[1]
    quoted = re.search(r"`([^`]+)`", text)
    return quoted[1] if quoted else text.rstrip(".")


class Function:
    def __init__(self, node, namespace):
        self.name = (namespace + "::" if namespace else "") + node.findtext("name")
        location = node.find("location")
        self.file = location.get("declfile") or location.get("file")
        self.line = int(location.get("declline") or location.get("line"))
        result = tidy("".join(node.find("type").itertext()))
        arguments = re.sub(r"\s*=\s*", " = ", node.findtext("argsstring") or "")
        arguments = re.sub(r"SourceLocation::current\(\)", "...", arguments)
        arguments = re.sub(r",? *SourceLocation \w+ = \.\.\.", "", arguments)
        self.signature = f"{result} {node.findtext('name')}{arguments}"
        self.text, self.labels = [], {}
        for part in ("briefdescription", "detaileddescription"):
            for section in node.find(part).iter("simplesect"):
                title = section.findtext("title")
                self.labels[title] = tidy(" ".join(flat(p) for p in section.findall("para")))
            for paragraph in node.find(part).findall("para"):
                text = tidy(flat(paragraph))
                if text:
                    self.text.append(text)
        self.is_deleted = "delete" in (node.findtext("argsstring") or "") or node.find("type").text == "delete"


class Options:
    def __init__(self, compound):
        self.name = compound.findtext("compoundname").removeprefix("xgrad::")
        self.file = compound.find("location").get("file")
        self.text = tidy(" ".join(flat(p) for part in ("briefdescription", "detaileddescription")
                                  for p in compound.find(part).findall("para")))
        self.members = []
        for member in compound.iter("memberdef"):
            if member.get("kind") != "variable":
                continue
            note = tidy(" ".join(flat(p) for part in ("briefdescription", "detaileddescription")
                                 for p in member.find(part).findall("para")))
            value = (member.findtext("initializer") or "").strip()
            kind = tidy("".join(member.find("type").itertext()))
            self.members.append((kind, member.findtext("name"), value, note))


def read_xml(folder):
    functions, options = [], []
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".xml") or name == "index.xml":
            continue
        for compound in ElementTree.parse(os.path.join(folder, name)).getroot().findall("compounddef"):
            if compound.get("kind") == "namespace":
                namespace = compound.findtext("compoundname").removeprefix("xgrad").removeprefix("::")
                if "internal" in namespace or "detail" in namespace:
                    continue
                for member in compound.iter("memberdef"):
                    if member.get("kind") == "function":
                        functions.append(Function(member, namespace))
            elif compound.get("kind") == "struct" and "internal" not in compound.findtext("compoundname"):
                options.append(Options(compound))
    return functions, options


def title_of(path):
    """The first sentence of a header's opening comment."""
    comment = []
    for line in open(path, encoding="utf-8"):
        if not line.startswith("//"):
            break
        comment.append(line[2:].strip())
    text = " ".join(comment)
    return re.split(r"(?<=[.:])\s", text)[0].rstrip(".:") if text else os.path.basename(path)


def page(header, functions, options):
    out = [f"# {title_of(header)}", "", f"`#include <xgrad/{header}>`", ""]
    groups = {}
    for function in sorted(functions, key=lambda f: f.line):
        groups.setdefault(function.name, []).append(function)
    for name, overloads in groups.items():
        out += [f"## {name}", ""]
        out += ["```cpp", *[f.signature for f in overloads], "```", ""]
        for function in overloads:
            if len(overloads) > 1:
                out += [f"`{function.signature}`:", ""]
            for text in function.text:
                out += [text, ""]
            lines = [f"- **{label}**: {function.labels[label]}" for label in LABELS if label in function.labels
                     and label != "Example"]
            if lines:
                out += lines + [""]
            if "Example" in function.labels:
                out += ["```cpp", code_of(function.labels["Example"]), "```", ""]
        for option in options:
            if any(re.search(rf"\b{option.name.split('::')[-1]}\b", f.signature) for f in overloads):
                if option.text:
                    out += [f"**{option.name}**: {option.text}", ""]
                out += ["| option | default | |", "| --- | --- | --- |"]
                for kind, member, value, note in option.members:
                    shown = value.removeprefix("=").strip()
                    out.append(f"| `{kind} {member}` | {'`' + shown + '`' if shown else ''} | {note} |".replace("||", "\\|\\|"))
                out.append("")
    return "\n".join(out).rstrip() + "\n"


def example_test(functions):
    out = [
        "// The examples of the operators' doc blocks, compiled and run. Made by scripts/reference.sh.",
        "// clang-format off",
        "#include <xgrad/xgrad.hpp>",
        '#include "catch.hpp"',
        "",
        "using namespace xgrad;",
        "",
        "namespace {",
        "",
        "// What the examples speak of.",
        "const Tensor x = tensor({{0.5, -1.5, 2}, {3, 0.25, -1}});",
        "const Tensor a = tensor({{1.0, 2.0}, {3.0, 4.0}}), b = tensor({{2.0, 1.0}, {1.0, 3.0}});",
        "",
        "}  // namespace",
        "",
    ]
    names = set()
    for function in functions:
        if "Example" not in function.labels:
            continue
        code = code_of(function.labels["Example"])
        title = f"Example of {function.name}"
        number = 1
        while title in names:
            number += 1
            title = f"Example of {function.name}, {number}"
        names.add(title)
        if not code.rstrip().endswith((";", "}")) and "//" not in code.split("\n")[-1]:
            code += ";"
        out += [f'TEST_CASE("{title}", "[reference]") {{', *["  " + line if line else "" for line in code.split("\n")], "}", ""]
    return "\n".join(out)


def comparison_page(functions):
    """NumPy's and PyTorch's names beside ours."""
    out = ["# The operators beside NumPy's and PyTorch's", "",
           "Where a cell is empty the function has the same name there and means the same, if it is there at all.", "",
           "| xgrad | NumPy | PyTorch |", "| --- | --- | --- |"]
    seen = set()
    for function in sorted(functions, key=lambda f: f.name.lower()):
        if function.name in seen or function.name.startswith("operator"):
            continue
        shown = {label: text for f in functions if f.name == function.name for label, text in f.labels.items()
                 if label in ("NumPy", "PyTorch")}
        seen.add(function.name)
        link = os.path.basename(function.file).removesuffix(".hpp") + ".md#" + function.name.lower().replace("::", "")
        cells = [shown.get(label, "").replace("|", "\\|") for label in ("NumPy", "PyTorch")]
        out.append(f"| [`{function.name}`]({link}) | {cells[0]} | {cells[1]} |")
    return "\n".join(out) + "\n"


def make(xml, out):
    functions, options = read_xml(xml)
    functions = [f for f in functions if f.file.startswith("autograd/ops/") and not f.is_deleted]
    missing = [f for f in functions if not f.text and "operator" not in f.name]
    for function in missing:
        print(f"{function.file}:{function.line}: {function.name} has no doc block", file=sys.stderr)
    if missing or len(functions) < 100:
        sys.exit(f"reference: {len(missing)} of {len(functions)} declarations have no doc block")
    os.makedirs(os.path.join(out, "reference"))
    families = {}
    for function in functions:
        if "operator" not in function.name:
            families.setdefault(function.file, []).append(function)
    index = ["# Operators", "", "One page for each header of `autograd/ops`, made of its doc blocks by `scripts/reference.sh`.",
             "[Beside NumPy and PyTorch](names.md) has their names next to ours.", ""]
    for header, members in sorted(families.items()):
        name = os.path.basename(header).removesuffix(".hpp") + ".md"
        with open(os.path.join(out, "reference", name), "w", encoding="utf-8") as file:
            file.write(page(header, members, [o for o in options if o.file == header]))
        names = list(dict.fromkeys(f.name for f in sorted(members, key=lambda f: f.line)))
        index.append(f"- [{title_of(header)}]({name}): " + ", ".join(f"`{n}`" for n in names))
    with open(os.path.join(out, "reference", "index.md"), "w", encoding="utf-8") as file:
        file.write("\n".join(index) + "\n")
    with open(os.path.join(out, "reference", "names.md"), "w", encoding="utf-8") as file:
        file.write(comparison_page(functions))
    with open(os.path.join(out, "reference.cpp"), "w", encoding="utf-8") as file:
        file.write(example_test(functions))


if __name__ == "__main__":
    if sys.argv[1:2] == ["filter"] and len(sys.argv) == 3:
        filter_header(sys.argv[2])
    elif sys.argv[1:2] == ["make"] and len(sys.argv) == 4:
        make(sys.argv[2], sys.argv[3])
    else:
        sys.exit(__doc__)
