import numpy as np
__all__ = ["check_arrays", "audit"]
def check_arrays(x, y, shape=None):
    x = np.asarray(x); y = None if y is None else np.asarray(y)
    if shape is not None and x.ndim == len(shape) and shape[-1] == 1: x = x[..., None]
    return x, y
def audit(data): return []
