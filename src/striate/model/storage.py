"""Model files: `NAME.striate`, run folders, weights. JSON and safetensors only: loading never runs code.

A model is two files: `model.json` (the declaration, the preprocessing, the SHA-256 of the weights) and
`weights.safetensors`. A run folder holds both; `NAME.striate` is a zip archive, stored without compression, of both.
"""

import hashlib
import io
import json
import math
import os
import zipfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load as read_safetensors
from safetensors.torch import save as write_safetensors

from striate import catalog
from striate.errors import StorageError, StriateError, printable
from striate.files import write_whole
from striate.network import network_table
from striate.version import __version__

__all__ = [
    "DESCRIPTION",
    "FORMAT",
    "WEIGHTS",
    "describe",
    "digest",
    "fill",
    "load_weights",
    "model_files",
    "read",
    "require_digest",
    "save",
    "save_weights",
    "told",
    "unique",
]

FORMAT = 1
DESCRIPTION, WEIGHTS = "model.json", "weights.safetensors"
_LARGEST_JSON, _LARGEST_HEADER = 4_000_000, 1_000_000
_ZIP = b"PK\x03\x04"
_SIZES = {"F32": 4, "F64": 8, "I64": 8}


def model_files(model: Any, before: str | None = None) -> dict[str, bytes]:
    """The two files of a model by name, in the order in which they are to be written.

    Args: before: the SHA-256 of the weights that lie there now. Whoever is stopped between the two files leaves the new
              description with the old weights, and these are then known as the ones before.
    """
    weights = _weight_bytes(model)
    digests = {"sha256": digest(weights), **({"before": before} if before else {})}
    described = {
        "format": FORMAT,
        "striate": __version__,
        "kind": type(model).__name__,
        "name": model.name,
        "seed": model.seed,
        "network": network_table(model.network),
        **(model.compiled or {"loss": None, "metrics": []}),
        "optimizer": catalog.describe(model.optimizer),
        "preprocessing": _preprocessing(model.preprocessing),
        "classes": list(model.classes),
        **({} if model.crops == 1 else {"crops": model.crops}),
        "plan": model.plan.to_table() if model.plan else None,
        "weights": {**digests, "bytes": len(weights)},
    }
    text = json.dumps(described | {"sha256": _own_digest(described)}, indent=1, ensure_ascii=False)
    return {DESCRIPTION: text.encode("utf-8", "surrogatepass"), WEIGHTS: weights}


def _preprocessing(known: Any) -> Any:
    """As model.json holds it: of several inputs a list."""
    return [each.to_json() for each in known] if isinstance(known, tuple) else known and known.to_json()


def digest(content: bytes) -> str:
    """What tells contents apart: SHA-256, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _own_digest(described: dict[str, Any]) -> str:
    """The digest of a description but for the digest itself."""
    rest = {key: value for key, value in described.items() if key != "sha256"}
    return digest(json.dumps(rest, sort_keys=True).encode("utf-8", "surrogatepass"))


def describe(content: bytes) -> dict[str, Any]:
    """What model.json says; a change by so much as a bit is noticed."""
    described = json.loads(content, object_pairs_hook=unique)
    if described["format"] != FORMAT:
        raise StorageError(f"its format is {described['format']!r}, this striate reads {FORMAT}", fix="a newer striate")
    _require_same("its description is", _own_digest(described), described["sha256"])
    return described


def save(model: Any, path: Path, overwrite: bool = True) -> None:
    """Write `NAME.striate`."""
    _keep_existing(path, overwrite)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as zipped:
        for name, content in model_files(model).items():
            # A fixed time: the same model gives the same bytes.
            zipped.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)
    write_whole(path, archive.getvalue())


def save_weights(model: Any, path: Path, overwrite: bool = True) -> None:
    """Write the weights alone, as safetensors."""
    _keep_existing(path, overwrite)
    write_whole(path, _weight_bytes(model))


def _keep_existing(path: Path, overwrite: bool) -> None:
    if not overwrite and os.path.exists(path):
        raise StorageError(f"{printable(path)} exists already", fix="another name, or overwrite=True")


def _weight_bytes(model: Any) -> bytes:
    # safetensors refuses channels_last memory.
    return write_safetensors(
        {key: value.detach().cpu().contiguous() for key, value in model.built.state_dict().items()}
    )


def load_weights(model: Any, path: Path) -> None:
    """Put the weights of a file or run into a model of the same network; all or none."""
    content = None if os.path.isdir(path) else _read(path)
    with told(path):
        if content is None or content.startswith(_ZIP):
            files = read(path)
            require_digest(describe(files[DESCRIPTION]), files[WEIGHTS])
            content = files[WEIGHTS]
        fill(model, content)


def require_digest(described: dict[str, Any], weights: bytes) -> None:
    """Refuse weights that are neither those which the description was written with nor those before them."""
    found = digest(weights)
    if found != described["weights"].get("before"):
        _require_same("its weights are", found, described["weights"]["sha256"])


def _require_same(what: str, found: str, written: Any) -> None:
    if found != written:
        raise StorageError(
            f"{what} not what was written",
            sum=f"SHA-256 {found[:16]}..., written {str(written)[:16]}...",
            fix="take the file from its source again",
        )


def fill(model: Any, content: bytes) -> None:
    """Put the numbers of a safetensors file into the weights of a model; all or none."""
    _check_header(content)
    state, wanted = read_safetensors(content), model.built.state_dict()
    for key in [*wanted, *state]:
        have, want = state.get(key), wanted.get(key)
        if have is None or want is None or have.shape != want.shape or have.dtype != want.dtype:
            raise StorageError(
                f"weight {printable(key)} is {_shown(have)}, the network has {_shown(want)}",
                fix="weights of the same network",
            )
    with torch.no_grad():
        for key, value in wanted.items():
            value.copy_(state[key])
    model.fresh = False


def _shown(tensor: torch.Tensor | None) -> str:
    return "missing" if tensor is None else f"{tuple(tensor.shape)} {str(tensor.dtype).removeprefix('torch.')}"


def _check_header(content: bytes) -> None:
    """Refuse a safetensors file whose header is not exactly right: the library checks no sum and takes duplicates."""
    if len(content) < 8:
        raise StorageError("its weights are cut short", sum=f"{len(content)} bytes, a header alone has 8")
    length = int.from_bytes(content[:8], "little")
    if length > min(_LARGEST_HEADER, len(content) - 8):
        raise StorageError("the header of its weights is too long", sum=f"{length} bytes of {len(content)}")
    header = json.loads(content[8 : 8 + length], object_pairs_hook=unique)
    spans = []
    for key, entry in header.items():
        if key == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        if end - begin != math.prod(entry["shape"]) * _SIZES[entry["dtype"]] or min(entry["shape"], default=1) < 0:
            raise StorageError(
                f"the weight {printable(key)} has another size than its shape", sum=f"{end - begin} bytes"
            )
        spans.append((begin, end))
    position = 0
    for begin, end in sorted(spans):
        if begin != position:
            raise StorageError("its weights overlap or leave a gap", sum=f"byte {begin}, expected {position}")
        position = end
    if position != len(content) - 8 - length:
        raise StorageError(
            "its weights are cut short or too long", sum=f"{len(content) - 8 - length} bytes, {position} needed"
        )


def read(path: Path) -> dict[str, bytes]:
    """Both files of a run folder or an archive."""
    if os.path.isdir(path):
        return {name: _read(path / name) for name in (DESCRIPTION, WEIGHTS)}
    content = _read(path)
    with told(path), zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        names = [member.filename for member in members]
        stored = all(member.compress_type == zipfile.ZIP_STORED for member in members)
        if (
            sorted(names) != sorted((DESCRIPTION, WEIGHTS))
            or not stored
            or sum(m.file_size for m in members) > len(content)
        ):
            raise StorageError(
                "it is no striate model", sum=f"members: {printable(names)}", fix="a file that save wrote"
            )
        return {name: archive.read(name) for name in names}


def _read(path: Path) -> bytes:
    try:
        if os.path.isdir(path) or (os.path.exists(path) and not os.path.isfile(path)):
            raise StorageError(f"{printable(path)} is no file", fix="a NAME.striate file or a run folder")
        content = path.read_bytes()
    except FileNotFoundError:
        raise StorageError(f"there is no file {printable(path)}", fix="a NAME.striate file or a run folder") from None
    except (OSError, ValueError) as error:
        raise StorageError(f"cannot read {printable(path)}", sum=printable(error)) from None
    if path.name == DESCRIPTION and len(content) > _LARGEST_JSON:
        raise StorageError(f"{printable(path)} is too large", sum=f"{len(content)} bytes, at most {_LARGEST_JSON}")
    return content


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object, refused where a key stands in it twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise StorageError("a key stands in it twice")
    return found


@contextmanager
def told(path: str | Path) -> Generator[None]:
    """Whatever is wrong inside a file is told as one error that names the file."""
    try:
        yield
    except StorageError as error:
        raise error.at(printable(path)) from None
    except StriateError as error:
        raise StorageError(f"cannot use the file: {error.what}", where=printable(path), sum=error.sum) from None
    except Exception as error:  # noqa: BLE001  foreign bytes fail in more ways than can be listed
        raise StorageError(
            "the file is damaged or no striate model",
            where=printable(path),
            sum=printable(f"{type(error).__name__}: {error}"),
            fix="a file that save or a run wrote",
        ) from None
