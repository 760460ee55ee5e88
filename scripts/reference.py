"""Doc blocks to a reference: `filter OUT FILE...` writes headers as Doxygen is to read them, `make XML OUT` makes pages of
its XML, and `check` looks up NumPy's and PyTorch's names on the pages in NumPy and PyTorch.

A doc block is prose, then lines that begin with one of the labels below, in any order. What is indented by four spaces or
more is code. scripts/reference.sh is the way to call this.
"""

import os
import re
import sys
import xml.etree.ElementTree as ElementTree

LABELS = ["Shapes", "Dtype", "Derivative", "Throws", "Source", "Example", "NumPy", "PyTorch"]
# Headers beside those of the operators that have a page of their own, and its title.
DERIVATIVES = {
    "autograd/grad.hpp": "Gradients of results that a graph has recorded",
    "autograd/functional.hpp": "Derivatives of functions and closures",
    "autograd/map.hpp": "Formulas of one's own as elementwise operators",
    "autograd/check/gradcheck.hpp": "Gradients beside finite differences",
    "autograd/check/check_operator.hpp": "The whole contract of an operator",
    "nn/check_module.hpp": "Gradients of a layer or model beside finite differences",
}
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
            # A dash by itself, "not there", would be an empty list to Doxygen.
            out += ["", "@par " + label[1]]
            # An empty line would be the end of it, before the code.
            if label[2]:
                out.append("\u2013" if label[2] == "-" else escaped(label[2]))
        else:
            out.append(escaped(line))
    close()
    return out


def with_concepts(text):
    """Functions of functions with their concepts in the arguments: of some they are the only difference."""
    def declaration(match):
        concept, name, rest = match.groups()
        return re.sub(rf"\b{name}\b(?= |&&)", concept + " auto", rest).replace("const T&", "const Tensor&")

    return re.sub(r"^template <(\w*Function\w*|Closure) (\w+)(?:, internal::TensorOrDerived T)?>\n([^;{]*)", declaration, text, flags=re.M)


def filtered_header(path):
    block, out = [], []
    for line in open(path, encoding="utf-8").read().split("\n"):
        text = re.match(r"^\s*///(?!<)\s?(.*)$", line)
        if text:
            block.append(text[1])
            continue
        if block:
            out += ["/**", "\n".join(filtered_block(block)), "*/"]
            block = []
        out.append(line)
    return with_concepts("\n".join(out) + "\n")


def filter_headers(out, paths):
    """Writes the headers under the same names into another folder. (A filter that Doxygen calls costs a process a file.)"""
    for path in paths:
        os.makedirs(os.path.dirname(os.path.join(out, path)), exist_ok=True)
        with open(os.path.join(out, path), "w", encoding="utf-8") as file:
            file.write(filtered_header(path))


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


NOT_THERE = "none"


def note_of(node):
    """The doc block of a node in one line."""
    return tidy(" ".join(flat(p) for part in ("briefdescription", "detaileddescription")
                         for p in node.find(part).findall("para")))


def row(*cells):
    """A row of a table, in which a bar would end the cell."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


class Enum:
    """An enumeration: its values and what they mean."""

    def __init__(self, node, namespace):
        self.name = (namespace + "::" if namespace else "") + node.findtext("name")
        self.file = node.find("location").get("file")
        self.line = int(node.find("location").get("line"))
        self.text = note_of(node)
        self.values = [(v.findtext("name"), note_of(v)) for v in node.findall("enumvalue")]

    def lines(self, level="##"):
        out = [f"{level} enum {self.name}", "", *([self.text, ""] if self.text else [])]
        name = self.name.split("::")[-1]
        if not any(note for _, note in self.values):
            return out + [", ".join(f"`{name}::{value}`" for value, _ in self.values), ""]
        return out + ["| value | |", "| --- | --- |", *[row(f"`{name}::{value}`", note) for value, note in self.values], ""]

    def link(self, from_page):
        page = page_of(self.file)
        return f"[`{self.name.split('::')[-1]}`]({'' if page == from_page else page}#enum-{self.name.lower().replace('::', '')})"


def page_of(header):
    if not header.startswith("autograd/ops/") and header not in DERIVATIVES:
        return "options.md"
    # index.md is the list of the pages.
    return {"index": "indexing"}.get(name := os.path.basename(header).removesuffix(".hpp"), name) + ".md"


def enums_in(text, enums, namespace=""):
    """The enumerations that a type or a signature names."""
    found = [e for e in enums if re.search(rf"\b{e.name.split('::')[-1]}\b", text)]
    return [e for e in found if "::" not in e.name or e.name.rpartition("::")[0] == namespace]


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
                text = tidy(" ".join(flat(p) for p in section.findall("para")))
                self.labels[title] = NOT_THERE if text == "\u2013" else text
            for paragraph in node.find(part).findall("para"):
                text = tidy(flat(paragraph))
                if text:
                    self.text.append(text)
        self.is_deleted = "delete" in (node.findtext("argsstring") or "") or node.find("type").text == "delete"


class Options:
    def __init__(self, compound):
        self.name = compound.findtext("compoundname").removeprefix("xgrad::")
        self.file = compound.find("location").get("file")
        self.line = int(compound.find("location").get("line"))
        self.text = note_of(compound)
        self.members = []
        for member in compound.iter("memberdef"):
            if member.get("kind") != "variable" or member.get("static") == "yes":
                continue
            initializer = member.find("initializer")
            value = "" if initializer is None else tidy("".join(initializer.itertext())).removeprefix("=").strip()
            kind = tidy("".join(member.find("type").itertext()))
            self.members.append((kind, member.findtext("name"), value, note_of(member)))

    def lines(self, enums, from_page):
        out = [f"**{self.name}**: {self.text}", ""] if self.text else []
        if all(value in ("", "{}") for _, _, value, _ in self.members):  # a result
            return out + ["| field | |", "| --- | --- |", *[row(f"`{kind} {member}`", note) for kind, member, _, note in self.members], ""]
        out += ["| option | default | |", "| --- | --- | --- |"]
        for kind, member, value, note in self.members:
            value = {"{}": "", "nullptr": "null"}.get(value, value)
            links = ", ".join(e.link(from_page) for e in enums_in(kind, enums, self.name.rpartition("::")[0]))
            note = "; ".join(part for part in (note, links and "see " + links) if part)
            out.append(row(f"`{kind} {member}`", f"`{value}`" if value else "none", note))
        return out + [""]


def read_xml(folder):
    """Functions, options, enumerations, and by header the names and doc blocks of its concepts."""
    functions, options, enums, concepts = [], [], [], {}
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
                    elif member.get("kind") == "enum":
                        enums.append(Enum(member, namespace))
            elif compound.get("kind") == "concept" and "internal" not in compound.findtext("compoundname"):
                concepts.setdefault(compound.find("location").get("file"), []).append(
                    (compound.findtext("compoundname").removeprefix("xgrad::"), note_of(compound)))
            elif compound.get("kind") == "struct" and "internal" not in compound.findtext("compoundname"):
                options.append(Options(compound))
    return functions, options, enums, concepts


def title_of(path):
    """What a page is called: the first sentence of its header's opening comment, where nothing else is said."""
    if path in DERIVATIVES:
        return DERIVATIVES[path]
    comment = []
    for line in open(path, encoding="utf-8"):
        if not line.startswith("//"):
            break
        comment.append(line[2:].strip())
    text = " ".join(comment)
    return re.split(r"(?<=[.:])\s", text)[0].rstrip(".:") if text else os.path.basename(path)


def page(header, functions, options, enums, concepts):
    name_of_page = page_of(header)
    out = [f"# {title_of(header)}", "", f"`#include <xgrad/{header}>`", ""]
    if concepts:
        out += [*[f"- `{name}`: {note}" for name, note in concepts], ""]
    groups, told = {}, set()
    for function in sorted(functions, key=lambda f: f.line):
        groups.setdefault(function.name, []).append(function)
    for name, overloads in groups.items():
        out += [f"## {name}", ""]
        out += ["```cpp", *[f.signature for f in overloads], "```", ""]
        for function in overloads:
            if not function.text and not function.labels:  # as the one before it
                continue
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
        signatures = " ".join(f.signature for f in overloads)
        for option in options:
            if re.search(rf"\b{option.name.split('::')[-1]}\b", signatures) and option.name not in told:
                out += option.lines(enums, name_of_page)
                # Pages of operators are read from the middle.
                if header in DERIVATIVES:
                    told.add(option.name)
        links = ", ".join(e.link(name_of_page) for e in enums_in(signatures, enums, name.rpartition("::")[0]))
        if links:
            out += [f"The values of {links} are listed there.", ""]
    for enum in sorted(enums, key=lambda e: e.line):
        if enum.file == header:
            out += enum.lines()
    return "\n".join(out).rstrip() + "\n"


def example_test(functions):
    out = [
        "// The examples of the operators' doc blocks, compiled and run. Made by scripts/reference.sh.",
        "// clang-format off",
        "#include <xgrad/xgrad.hpp>",
        "#include <xgrad/autograd/check/check_operator.hpp>",
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


# Where a page's operators are in PyTorch, and whether NumPy has them, unless a doc block says otherwise.
NETWORKS = ["activation", "attention", "convolution", "dropout", "embedding", "interpolation", "loss", "normalization",
            "patches", "pooling", "recurrent", "similarity", "softmax", "unpooling"]
PLACES = {**{page: (NOT_THERE, "nn.functional.") for page in NETWORKS}, "special": (NOT_THERE, "special.")}


def cells_of(name, header, functions):
    """NumPy's and PyTorch's names of a function, lists: what the doc blocks of its overloads say, else its own name."""
    page = os.path.basename(header).removesuffix(".hpp")
    own = name.split("::")[-1]
    places = ("linalg.", "linalg.") if name.startswith("linalg::") else PLACES.get(page, ("", ""))
    cells = []
    for label, place in zip(("NumPy", "PyTorch"), places):
        said = list(dict.fromkeys(f.labels[label] for f in functions if f.name == name and label in f.labels))
        cells.append(said or [NOT_THERE if place == NOT_THERE else f"`{place}{own}`"])
    return cells


def their_names(cell):
    """The names that a cell begins with, and the rest of it."""
    begin = re.match(r"((?:`[^`]+`(?:, )?)+)(.*)$", cell)
    if not begin:
        return [], cell
    return re.findall(r"`([^`]+)`", begin[1]), begin[2].strip()


def base_name(text):
    return re.split(r"[(\[ ]", text)[0]


def read_names():
    """The rows of scripts/names.txt."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "names.txt")
    rows = [line.rstrip("\n") for line in open(path, encoding="utf-8") if line.strip() and not line.startswith("#")]
    return [[part.strip() for part in row.split(" |")] for row in rows]


def expressions(text):
    """Expressions that are separated by commas outside of brackets."""
    parts, depth = [""], 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


def comparison_page(functions):
    """NumPy's and PyTorch's names beside ours, and ours beside theirs."""
    out = ["# The operators beside NumPy's and PyTorch's", "",
           "NumPy is 1.24 here, PyTorch 1.13. A name alone means the same as ours; what differs stands behind it. This holds for all:", "",
           "- NumPy's floating numbers are float64 where no dtype is named, PyTorch's and ours float32 (`DefaultDtype`).",
           "- `axis=` and `dim=` are `axis`; `keepdim` is `keepdims`; options are fields in braces: `sum(x, 1, {.keepdims = true})`.",
           "- An empty list of axes reduces nothing, as NumPy's `axis=()`; PyTorch's `dim=()` reduces all axes.",
           "- Equal elements share the gradient of `amax`, `amin`, `median`, as in PyTorch.", "",
           "[By NumPy's names](#by-numpys-names) and [by PyTorch's](#by-pytorchs-names): further down.", "",
           "| xgrad | NumPy | PyTorch |", "| --- | --- | --- |"]
    theirs = {"NumPy": [], "PyTorch": []}
    seen = set()
    for function in sorted(functions, key=lambda f: f.name.lower()):
        name = function.name
        if name in seen or name.startswith("operator"):
            continue
        seen.add(name)
        ours = f"[`{name}`]({page_of(function.file)}#{name.lower().replace('::', '')})"
        cells = cells_of(name, function.file, functions)
        for library, cell in zip(theirs, cells):
            for said in cell:
                names, note = their_names(said)
                # nn.functional.relu and linalg.inv are found under relu and inv of the first table.
                theirs[library] += [(n, ours, note.removeprefix("; ")) for n in names
                                    if note or n.split(".")[-1] != name.split("::")[-1]]
        out.append(row(ours, *("; ".join(cell) for cell in cells)))
    for library, words, code, note in read_names():
        ours = "not offered" if code == "-" else ", ".join(f"`{e}`" for e in expressions(code))
        if code == "-" and note:
            ours, note = note, ""
        theirs[library].append((words, ours, note))
    for library, rows in theirs.items():
        out += ["", f"## By {library}'s names", "",
                "Names that are other than ours, or mean something else. What is not here has the same last name (`nn.functional.relu` is "
                "`relu`), or is not offered. Members are functions here: `x.exp()` is `exp(x)`.", "",
                f"| {library} | xgrad | |", "| --- | --- | --- |"]
        def key(row):
            return base_name(row[0].removeprefix("x.")).rstrip(",").split(".")[-1].lower(), row[0]
        for words, ours, note in sorted(rows, key=key):
            shown = ", ".join(f"`{w}`" for w in expressions(words)) if "complex" not in words and " of " not in words else words
            out.append(row(shown, ours, note))
    return "\n".join(out) + "\n"


def names_test():
    """What names.md says to write instead of a name of NumPy or PyTorch, compiled and run."""
    out = ['TEST_CASE("What stands for names of NumPy and PyTorch", "[reference]") {',
           "  Tensor y = copy(a);  // to be written to"]
    for _, _, code, _ in read_names():
        if code != "-":
            out += [f"  CHECK_NOTHROW((void)({e}));" for e in expressions(code)]
    return "\n".join(out + ["}", ""])


def check_names():
    """Looks up the names of docs/reference/names.md in NumPy and PyTorch."""
    import numpy
    import torch
    import torch.nn.functional  # noqa: F401
    import torch.distributions  # noqa: F401
    libraries = [("NumPy", numpy), ("PyTorch", torch)]
    missing, looked_up = [], 0
    for line in open("docs/reference/names.md", encoding="utf-8"):
        row = re.match(r"\| \[`([^`]+)`\]\([^)]*\) \| (.*) \| (.*) \|$", line)
        if not row:
            continue
        for (library, module), cell in zip(libraries, row.groups()[1:]):
            for name in [n for said in cell.split("; ") for n in their_names(said)[0]]:
                name = base_name(name)
                if not re.fullmatch(r"[A-Za-z_][\w.]*", name) or name in ("a", "x") or name.startswith("scipy.") or "from 2.0 on" in cell:
                    continue
                looked_up += 1
                place = module
                for part in name.split("."):
                    place = getattr(place, part, None)
                if place is None:
                    missing.append(f"{row[1]}: {library} has no {name}")
    if missing or looked_up < 300:
        sys.exit("\n".join(missing + [f"reference: looked up {looked_up} names"]))
    print(f"{looked_up} names are there")


def options_page(options, enums):
    """The options of what is no operator: a page of its own, by headers."""
    folders = {"optim": "Optimizers", "optim/schedule": "Schedules", "data": "Data", "io": "Files", "train": "Training runs",
               "nn": "Modules", "nn/layers": "Layers", "autograd": "Tensors and gradients", "autograd/check": "Checks of gradients"}
    out = ["# Options of what is no operator", "",
           "Fields are named in braces, in the order in which they stand here: `optim::Adam(parameters, {.lr = 1e-3, .eps = 1e-6})`.",
           "g++ says which one is out of order. Of a field that is not there it says only that nothing fits; its names are these.", ""]
    for folder, title in folders.items():
        headers = sorted({o.file for o in [*options, *enums] if os.path.dirname(o.file) == folder})
        if not headers:
            continue
        out += [f"## {title}", ""]
        for header in headers:
            if header in DERIVATIVES:
                continue
            own = [o for o in options if o.file == header and re.search(r"(Options|Position|Group|Masks|Weights|Parts|Start)$", o.name) and o.members]
            own_enums = [e for e in enums if e.file == header]
            if not own and not own_enums:
                continue
            for option in sorted(own, key=lambda o: o.line):
                out += [f"### {option.name}", "", f"`#include <xgrad/{header}>`", "", *option.lines(enums, "options.md")]
            for enum in sorted(own_enums, key=lambda e: e.line):
                out += enum.lines("###")
    return "\n".join(out).rstrip() + "\n"


def dead_links(folder):
    """Links to pages or headings that are not there."""
    pages = {name: open(os.path.join(folder, name), encoding="utf-8").read() for name in os.listdir(folder)}
    pages = {name: re.sub(r"`[^`\n]*`", "", re.sub(r"```.*?```", "", text, flags=re.S)) for name, text in pages.items()}
    anchors = {name: {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in re.findall(r"^#+ (.*)$", text, re.M)}
               for name, text in pages.items()}
    dead = []
    for name, text in sorted(pages.items()):
        for link in re.findall(r"\]\(([^)]*)\)", text):
            page, _, anchor = link.partition("#")
            if (page or name) not in pages or anchor and anchor not in anchors[page or name]:
                dead.append(f"{name}: a link leads to {link}, which is not there")
    return dead


def make(xml, out):
    functions, options, enums, concepts = read_xml(xml)
    # append_text() writes a value in a message: no operator.
    functions = [f for f in functions if not f.is_deleted and f.name.split("::")[-1] != "append_text"]
    derivatives = [f for f in functions if f.file in DERIVATIVES and not f.name.startswith("functional::")]
    functions = [f for f in functions if f.file.startswith("autograd/ops/")]
    missing = [f for f in functions if not f.text and "operator" not in f.name]
    described = {(f.file, f.name) for f in derivatives if f.text}
    missing += [f for f in derivatives if (f.file, f.name) not in described]
    for function in missing:
        print(f"{function.file}:{function.line}: {function.name} has no doc block", file=sys.stderr)
    if missing or len(functions) < 100:
        sys.exit(f"reference: {len(missing)} of {len(functions)} declarations have no doc block")
    # Doxygen drops what it takes for markup.
    blank = [f"{f.file}:{f.line}: {f.name}: nothing follows {label}" for f in functions + derivatives for label, text in f.labels.items() if not text]
    if blank:
        sys.exit("\n".join(blank))
    os.makedirs(os.path.join(out, "reference"))

    def write(name, text):
        with open(os.path.join(out, name), "w", encoding="utf-8") as file:
            file.write(text)

    families = {}
    for function in functions:
        if "operator" not in function.name:
            families.setdefault(function.file, []).append(function)
    beside = {header: [f for f in derivatives if f.file == header] for header in DERIVATIVES}

    def write_pages(pages):
        lines = []
        for header, members in pages:
            own = [o for o in options if o.file == header]
            own_concepts = concepts.get(header) if header in DERIVATIVES else None
            write(os.path.join("reference", page_of(header)), page(header, members, own, enums, own_concepts))
            names = list(dict.fromkeys(f.name for f in sorted(members, key=lambda f: f.line)))
            lines.append(f"- [{title_of(header)}]({page_of(header)}): " + ", ".join(f"`{n}`" for n in names))
        return lines

    index = ["# Operators", "", "One page for each header of `autograd/ops`, made of its doc blocks by `scripts/reference.sh`.",
             "[Beside NumPy and PyTorch](names.md) has their names next to ours, and ours next to theirs.",
             "[Options](options.md) has the fields and defaults of optimizers, schedules, data, files, layers, runs, tensors and checks.",
             "[Derivatives](#derivatives-and-checks-of-them) of functions and graphs, and the checks of them, stand at the end.", ""]
    index += write_pages(sorted(families.items()))
    index += ["", "## Derivatives, and checks of them", "", *write_pages(beside.items())]
    write("reference/index.md", "\n".join(index) + "\n")
    write("reference/names.md", comparison_page(functions))
    write("reference/options.md", options_page(options, enums))
    write("reference.cpp", example_test(functions + derivatives) + "\n" + names_test())
    dead = dead_links(os.path.join(out, "reference"))
    if dead:
        sys.exit("\n".join(dead))


if __name__ == "__main__":
    if sys.argv[1:2] == ["filter"] and len(sys.argv) > 3:
        filter_headers(sys.argv[2], sys.argv[3:])
    elif sys.argv[1:2] == ["make"] and len(sys.argv) == 4:
        make(sys.argv[2], sys.argv[3])
    elif sys.argv[1:] == ["check"]:
        check_names()
    else:
        sys.exit(__doc__)
