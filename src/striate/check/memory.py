"""Whether a network can fit in the memory of a machine at all."""

from striate.check.table import FLOAT32, Table
from striate.errors import DeclarationError
from striate.units import bytes_text, count_text

__all__ = ["require_memory"]


def require_memory(table: Table, memory: int, copies: int = 1, images: int = 0) -> None:
    """Refuse a network that cannot fit, counted low.

    needed = copies * weights + images * activations / 2,    in float32

    Args:    memory: bytes of the machine; 0 where they are not known.
             copies: of the weights: 1 to predict, 2 to train (each with its gradient).
             images: of a batch; half of what they leave behind may be in half precision.
    Errors:  DeclarationError with the sum, and the layer that most of it is in.
    Example: >>> from striate.layers import Dense
             >>> from striate.network import Network
             >>> require_memory(Table.of(Network.sequential([Dense(10, input_shape=(784,))])), memory=1_000_000)
    """
    weights = copies * FLOAT32 * (table.params + table.non_trainable)
    needed = weights + images * (table.bytes or 0) // 2
    if not 0 < memory < needed:
        return
    sizes = [copies * FLOAT32 * (row.params + row.non_trainable) + images * (row.bytes or 0) // 2 for row in table.rows]
    # Of the layers that alone are too large the first: it is why those after it are.
    place = next((number for number, size in enumerate(sizes) if size > memory), sizes.index(max(sizes)))
    row = table.rows[place]
    batch = f" + half the activations of {images} image{'s' * (images > 1)}" if images else ""
    raise DeclarationError(
        "the network does not fit in the memory of this machine",
        where=f"{row.name}: {count_text(row.params)} parameters, output {row.output}",
        sum=f"weights{' and gradients' * (copies > 1)}{batch} = {bytes_text(needed)} > {bytes_text(memory)}",
        fix=f"fewer filters or units in {row.name}" + (", or a smaller batch_size" if images > 1 else ""),
    )
