class Augmenter:
    def __init__(self, augmentations, seed): self.a = augmentations
    def __call__(self, images, rows, epoch): return images
__all__ = ["Augmenter"]
