import numpy as np
from dataclasses import replace
from sklearn.model_selection import train_test_split
__all__ = ["split", "holdout"]
def holdout(y, share, seed):
    return train_test_split(np.arange(len(y)), test_size=share, random_state=seed % 2**32, stratify=y if y.ndim == 1 else None)
def split(data, validation=.1, test=.2, seed=0):
    train=data.train
    if data.test is None:
        keep, held = holdout(train.y, test, seed); data.test = train.take(held); train = train.take(keep); validation = validation/(1-test)
    keep, held = holdout(train.y, validation, seed+1)
    data.validation, data.train = train.take(held), train.take(keep)
    return data
