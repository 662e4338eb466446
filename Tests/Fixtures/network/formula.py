"""The elements that the tests' weights, images and latents have: a hash of a name, so that nothing has to be stored."""
import math
import numpy as np

def uniform(name, count):
    """`count` numbers in [-1, 1): 24 bits of splitmix64 of (FNV-1a of the name + index)."""
    seed = 0xCBF29CE484222325
    for byte in name.encode(): seed = (seed ^ byte) * 0x100000001B3 % 2**64
    z = np.uint64(seed) + np.arange(count, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return ((z >> np.uint64(40)).astype(np.float64) / 2**23 - 1).astype(np.float32)

def filters(name, shape):
    """A filter bank [O, I, H, W] whose canonical layout [O, H, W, I] the formula fills."""
    o, i, h, w = shape
    scale = np.float32(math.sqrt(3 * 2 / (i * h * w)))
    return (uniform(name, o * i * h * w) * scale).reshape(o, h, w, i).transpose(0, 3, 1, 2).copy()
