"""Makes the Keras files beside it, and expected.json with what Keras has in memory as it saves them.

usage: make.py          once with each Keras: 2.15.0, 3.2.1 and 3.15.1 (each writes the files of its version)
       make.py hdf5     once: files that h5py writes, sound and hostile (h5py 3)

The values are the same in every run. HDF5 is a different matter: times of writing are turned off where Keras writes them.
"""
import json, os, sys, zlib
import numpy as np, h5py

HERE = os.path.dirname(os.path.abspath(__file__))
generator = np.random.default_rng(0)


def here(name):
    path = os.path.join(HERE, name)
    if os.path.exists(path): os.remove(path)
    return path


def numbers(*shape):
    return generator.standard_normal(shape).astype(np.float32)


def record(name, tensors):
    """Floats are written as the integers that their 32 bits are, so that nothing is rounded on the way."""
    path = os.path.join(HERE, "expected.json")
    expected = json.load(open(path)) if os.path.exists(path) else {}
    expected[name] = {key: {"shape": list(value.shape), "bits": [int(b) for b in value.astype(np.float32).flatten().view(np.uint32)]}
                      for key, value in tensors.items()}
    with open(path, "w") as file:
        json.dump(expected, file, indent=1, sort_keys=True)
        file.write("\n")


# MARK: - What Keras writes


def model(keras, name):
    """Layers of each kind; some have names, the others get Keras'."""
    layers = keras.layers
    inputs = keras.Input((4, 4, 3))
    x = layers.Conv2D(2, 3, padding="same", name="block1_conv1")(inputs)
    x = layers.BatchNormalization(name="bn_a")(x)
    x = layers.DepthwiseConv2D(3, use_bias=False, name="deep")(x)
    x = layers.Conv2D(3, 1)(x)
    net = keras.Model(inputs, x, name=name)
    net.set_weights([numbers(*weight.shape) for weight in net.get_weights()])
    return net


ROLES = {"Conv2D": ["kernel", "bias"], "DepthwiseConv2D": ["depthwise_kernel"],
         "BatchNormalization": ["gamma", "beta", "moving_mean", "moving_variance"]}


def tensors(net, names, depthwise="kernel"):
    """The weights of `net` by the names they are imported under; `names` takes a layer's name to another."""
    return {f"{names.get(layer.name, layer.name)}/{role.replace('depthwise_kernel', depthwise)}": value
            for layer in net.layers for role, value in zip(ROLES.get(type(layer).__name__, []), layer.get_weights())}


def keras_files():
    import keras
    version = keras.__version__
    number = tuple(map(int, version.split(".")))
    net = model(keras, "trunk")
    # The last layer is named `conv2d`, or `conv2d_1`; its group is always `conv2d_1`, for it is the second of its class.
    last = net.layers[-1].name
    numbered = {last: "conv2d_1"}
    unnamed = {"block1_conv1": "conv2d", "bn_a": "batch_normalization", "deep": "depthwise_conv2d", **numbered}

    net.save(here(f"{version}.model.h5"))
    record(f"{version}.model.h5", tensors(net, {}, "depthwise_kernel" if number < (3,) else "kernel"))
    net.save_weights(here(f"{version}.weights.h5"))
    record(f"{version}.weights.h5", tensors(net, unnamed if number < (3, 6) else numbered))
    if number < (3,):
        # As keras.applications' files are.
        net.save_weights(here(f"{version}.notop.h5"), save_format="h5")
        record(f"{version}.notop.h5", tensors(net, {}, "depthwise_kernel"))
    if number < (3, 6): return

    net.save(here(f"{version}.keras"))
    record(f"{version}.keras", tensors(net, numbered))
    # What transfer learning gives: a trunk in another model, and an optimiser that has seen a step.
    outer = keras.Sequential([keras.Input((4, 4, 3)), net, keras.layers.Flatten(), keras.layers.Dense(2, name="top")])
    outer.compile("adam", "mse")
    outer.fit(numbers(1, 4, 4, 3), numbers(1, 2), verbose=0)
    for name, names in ((f"{version}.nested.h5", {}), (f"{version}.nested.weights.h5", numbered)):
        (outer.save_weights if "weights" in name else outer.save)(here(name))
        top = dict(zip(["top/kernel", "top/bias"], outer.get_layer("top").get_weights()))
        record(name, {**tensors(net, names), **top})
    for dtype in ("bfloat16", "float16"):
        half = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Conv2D(2, 3, dtype=dtype, name="half")])
        half.save_weights(here(f"{version}.{dtype}.weights.h5"))
        record(f"{version}.{dtype}.weights.h5", tensors(half, {}))


# MARK: - What h5py can be made to write


def hdf5(name, fill, **options):
    with h5py.File(here(name), "w", **options) as file: return fill(file)


def first_keras(file):
    """The layout and names of Keras 1, in which the first files of keras.applications are."""
    layers = {"block1_conv1": dict(W=numbers(3, 3, 3, 2), b=numbers(2)),
              "bn2a": dict(gamma=numbers(2), beta=numbers(2), running_mean=numbers(2), running_std=numbers(2)), "pool": {}}
    file.attrs["layer_names"] = np.array([name.encode() for name in layers])
    for layer, arrays in layers.items():
        group = file.create_group(layer)
        group.attrs["weight_names"] = np.array([f"{layer}_{field}_1:0".encode() for field in arrays])
        for field, array in arrays.items(): group[f"{layer}_{field}_1:0"] = array
    roles = dict(W="kernel", b="bias", running_mean="moving_mean", running_std="moving_variance")
    return {f"{layer}/{roles.get(field, field)}": array for layer, arrays in layers.items() for field, array in arrays.items()}


def chunked_names(file):
    """Lists of names that are longer than 64 KB are cut into parts; here they are so though they are short."""
    file.attrs["layer_names0"] = ["b"]
    file.attrs["layer_names1"] = ["a/x"]
    file.create_group("b").attrs["weight_names0"] = ["b/kernel:0"]
    file.create_group("a/x").attrs["weight_names"] = ["a/x/gamma:0", "a/x/beta:0"]
    arrays = {"b/kernel": numbers(2, 2), "a/x/gamma": numbers(2), "a/x/beta": numbers(2)}
    for name, array in arrays.items(): file[f"{name.rsplit('/', 1)[0]}/{name}:0"] = array
    return arrays


def every_type(file):
    values = np.array([0, 1, 2, 100])
    signed = np.array([0, -1, 2, -100])
    arrays = {}
    for order in "<>":
        for kind in ("f2", "f4", "f8", "i2", "i4", "i8", "u2", "u4", "u8"):
            array = (values if kind[0] == "u" else signed).astype(order + kind)
            arrays[f"{'little' if order == '<' else 'big'}/{kind}"] = array
    arrays["byte/i1"], arrays["byte/u1"] = signed.astype("i1"), values.astype("u1")
    arrays["byte/bool"], arrays["byte/scalar"] = values.astype(bool), np.float32(2.5)
    arrays["byte/empty"] = np.zeros((0, 3), np.float32)
    for name, array in arrays.items(): file[name] = array
    file["text"], file["texts"] = "no number", ["a", "b"]
    file["pair"] = np.zeros(2, [("a", "i4"), ("b", "f4")])
    return {name: np.asarray(array) for name, array in arrays.items()}


def packed(file):
    arrays = {"a/kernel": np.arange(600, dtype=np.float32).reshape(2, 300), "a/bias": numbers(64)}
    file.create_dataset("a/kernel", data=arrays["a/kernel"], chunks=(1, 128), compression="gzip", shuffle=True, fletcher32=True)
    file.create_dataset("a/bias", data=arrays["a/bias"], chunks=(32,), maxshape=(None,))
    return arrays


def cycle(file):
    file.create_group("a")["again"] = file["/"]


def doubled(file):
    """Each group is twice in the one before it: 2^20 paths."""
    group = file
    for _ in range(20):
        inner = group.create_group("a")
        group["b"] = inner
        group = inner


def deep(file):
    file["/".join("a" * 40)] = numbers(1)


def unwritten(file):
    """A gigabyte that takes no place in the file, for nothing was written to it."""
    space = h5py.h5s.create_simple((1 << 28,))
    h5py.h5d.create(file.id, b"kernel", h5py.h5t.IEEE_F32LE, space)


def wide(file):
    """2^66 elements."""
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((1, 1, 1))
    space = h5py.h5s.create_simple((1 << 22, 1 << 22, 1 << 22))
    h5py.h5d.create(file.id, b"kernel", h5py.h5t.IEEE_F32LE, space, plist)


def bomb(file):
    zeros = np.zeros((64, 1 << 16), np.float32)
    file.create_dataset("kernel", data=zeros, chunks=zeros.shape, compression="gzip", compression_opts=9)


def nested_bomb(file):
    """16 numbers in a chunk that takes 256 MB to unpack, which is done twice."""
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((16,))
    plist.set_deflate(9)
    plist.set_filter(h5py.h5z.FILTER_DEFLATE, 0, (9,))
    dataset = h5py.h5d.create(file.id, b"kernel", h5py.h5t.IEEE_F32LE, h5py.h5s.create_simple((16,)), plist)
    dataset.write_direct_chunk((0,), zlib.compress(zlib.compress(bytes(1 << 28), 9), 9))


def outside(file):
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_external(b"/etc/passwd", 0, 64)
    h5py.h5d.create(file.id, b"kernel", h5py.h5t.IEEE_F32LE, h5py.h5s.create_simple((16,)), plist)


def virtual(file):
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "kernel", (4,))
    file.create_virtual_dataset("kernel", layout)


def assign(key, value):
    def fill(file): file[key] = value
    return fill


def heap():
    """A string that says it has 8 MB, in a heap of 4 KB: Debian 12's libhdf5 reads beyond its memory."""
    with open(os.path.join(HERE, "chunked-names.h5"), "rb") as file: bytes = bytearray(file.read())
    length = bytes.index(b"GCOL") + 24
    bytes[length:length + 8] = (8 << 20).to_bytes(8, "little")
    with open(here("hostile-heap.h5"), "wb") as file: file.write(bytes)


def hdf5_files():
    record("keras1.notop.h5", hdf5("keras1.notop.h5", first_keras))
    record("chunked-names.h5", hdf5("chunked-names.h5", chunked_names))
    record("types.h5", hdf5("types.h5", every_type))
    record("packed.h5", hdf5("packed.h5", packed))
    record("latest.h5", hdf5("latest.h5", first_keras, libver="latest"))
    for name, fill in dict(
            cycle=cycle, unwritten=unwritten, wide=wide, bomb=bomb, bomb2=nested_bomb, outside=outside, virtual=virtual,
            soft=assign("a", h5py.SoftLink("/b")), external=assign("a", h5py.ExternalLink("/etc/passwd", "/"))).items():
        hdf5(f"hostile-{name}.h5", fill)
    hdf5("hostile-doubled.h5", doubled, libver="latest")
    hdf5("hostile-deep.h5", deep, libver="latest")
    hdf5("hostile-lzf.h5", lambda file: file.create_dataset("kernel", data=numbers(64), compression="lzf"))
    heap()
    hdf5("hostile-nothing.h5", lambda file: file.create_group("a"))


hdf5_files() if sys.argv[1:] == ["hdf5"] else keras_files()
