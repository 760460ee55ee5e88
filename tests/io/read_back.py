"""What xgrad writes is read by NumPy (npz, npy) and byte by byte (safetensors), and what NumPy writes is read by xgrad.

    python3 tests/io/read_back.py build/release/xgrad_tests_io

Arrays of every kind that NumPy writes are put into a folder; the hidden test case [.read_back] reads each and writes it
again in all of xgrad's formats; here they are compared. The states of a model and of an optimizer come in both formats, and
must be the same. Ends with 77 where NumPy is missing.
"""
import json
import os
import struct
import subprocess
import sys
import tempfile
import zipfile

try:
    import numpy as np
except ImportError:
    print("skipped: this Python has no NumPy")
    sys.exit(77)

DTYPES = {"BOOL": "|b1", "I64": "<i8", "F32": "<f4", "F64": "<f8"}


def read_safetensors(path):
    """An independent reader: nothing but the format's own text."""
    with open(path, "rb") as file:
        whole = file.read()
    (length,) = struct.unpack("<Q", whole[:8])
    assert (8 + length) % 8 == 0, "the data is not aligned"
    header = json.loads(whole[8 : 8 + length].decode("utf-8"))
    data = whole[8 + length :]
    metadata = header.pop("__metadata__", {})
    assert all(isinstance(text, str) for text in metadata.values())
    tensors, spans = {}, []
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        dtype = np.dtype(DTYPES[entry["dtype"]])
        assert begin % dtype.itemsize == 0, name + " is not aligned"
        tensors[name] = np.frombuffer(data[begin:end], dtype).reshape(entry["shape"])
        spans.append((begin, end))
    at = 0
    for begin, end in sorted(spans):
        assert begin == at, "a hole or an overlap"
        at = end
    assert at == len(data)
    return tensors, metadata


def same(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def nearest(array):
    """The array in the dtype that xgrad reads it as, in C's order."""
    kind = array.dtype.kind
    dtype = {"b": "|b1", "i": "<i8", "u": "<i8"}.get(kind) or ("<f8" if array.dtype.itemsize == 8 else "<f4")
    return np.array(array, dtype=dtype, order="C")  # ascontiguousarray would make 1-d of 0-d


def arrays():
    random = np.random.RandomState(1)
    found = {}
    for dtype in ["b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]:
        for order in "<>":
            for shape in [(), (0,), (5,), (3, 4), (2, 0, 3), (2, 3, 4), (1, 1, 7, 2)]:
                for layout in "CF":
                    values = random.randint(0, 2 if dtype == "b1" else 120, shape)
                    values = np.asarray(values).astype(dtype)
                    if values.dtype.kind == "f":
                        values = values / values.dtype.type(7)
                        if values.size > 2:
                            values.reshape(-1)[:3] = [np.nan, -np.inf, -0.0]
                    values = np.array(np.asarray(values).astype(order + dtype), order=layout)
                    found["%s%s_%s_%s" % (dtype, "big" if order == ">" else "", "x".join(map(str, shape)), layout)] = values
    return found


def write_as_version(path, array, version):
    with open(path, "wb") as file:
        np.lib.format.write_array(file, array, version=version)


def main(program):
    with tempfile.TemporaryDirectory() as folder:
        def place(name):
            return os.path.join(folder, name)

        given = arrays()
        for name, array in given.items():
            np.save(place("in_" + name + ".npy"), array)
        for version in [(1, 0), (2, 0), (3, 0)]:
            name = "version%d" % version[0]
            given[name] = np.arange(6, dtype="<f4").reshape(2, 3)
            write_as_version(place("in_" + name + ".npy"), given[name], version)
        np.savez(place("in_stored.npz"), **given)
        np.savez_compressed(place("in_deflated.npz"), **given)
        # A pipe cannot be gone back in: NumPy then writes data descriptors behind the arrays.
        with open(place("in_descriptors.npz"), "wb") as file:
            class OneWay:
                def write(self, data): return file.write(data)
                def flush(self): file.flush()
            with zipfile.ZipFile(OneWay(), "w", zipfile.ZIP_DEFLATED) as archive:
                for name, array in given.items():
                    with archive.open(name + ".npy", "w", force_zip64=True) as member:
                        np.lib.format.write_array(member, array)

        environment = dict(os.environ, XGRAD_READ_BACK=folder)
        subprocess.run([program, "[.read_back]"], env=environment, check=True, stdout=subprocess.DEVNULL)

        compared = 0
        for name, array in given.items():
            expected = nearest(array)
            got = np.load(place("out_" + name + ".npy"), allow_pickle=False)
            assert same(got, expected), (name, got, expected)
            with open(place("out_" + name + ".npy"), "rb") as file:
                whole = file.read()
            assert (len(whole) - expected.nbytes) % 64 == 0, name
            compared += 1
        for form in ["stored", "deflated", "descriptors"]:
            from_safetensors, metadata = read_safetensors(place("out_" + form + ".safetensors"))
            assert metadata == {"form": form, "euro": "\u20ac \"quoted\""}
            for ending in [".npz", "_deflated.npz"]:
                assert zipfile.ZipFile(place("out_" + form + ending)).testzip() is None
                from_npz = np.load(place("out_" + form + ending), allow_pickle=False)
                assert list(from_npz.files) == list(given)
                for name, array in given.items():
                    assert same(from_npz[name], nearest(array)), (form, ending, name)
                    assert same(from_safetensors[name], nearest(array)), (form, name)
                    compared += 2

        for state in ["model", "optimizer"]:
            from_safetensors, metadata = read_safetensors(place(state + ".safetensors"))
            from_npz = np.load(place(state + ".npz"), allow_pickle=False)
            assert sorted(from_npz.files) == sorted(from_safetensors)
            with open(place(state + ".txt")) as file:  # name, dtype, shape; elements in hexadecimal
                for line in file:
                    name, dtype, shape, elements = line.rstrip("\n").split(";")
                    shape = tuple(int(extent) for extent in shape.split())
                    expected = np.array([float.fromhex(x) for x in elements.split()], dtype).reshape(shape)
                    assert same(from_safetensors[name], expected), name
                    assert same(from_npz[name], expected), name
                    compared += 2
            if state == "optimizer":
                assert metadata["class"] == "Adam" and metadata["format_version"] == "1"
                (options,) = json.loads(metadata["options"])
                assert options["lr"] == 1e-3 and options["betas"] == [0.9, 0.999] and options["amsgrad"] is False
                assert "state.hidden.weight.mean" in from_safetensors
            else:
                assert metadata["class"] == "Mlp"
        print("compared %d arrays" % compared)


if __name__ == "__main__":
    main(sys.argv[1])
