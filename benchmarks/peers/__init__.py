"""The libraries that are compared: one script each, as the library's own tutorial would write it."""

import json
import subprocess
import sys
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Peer:
    """A library that trains the reference networks."""

    name: str
    script: str
    needs: tuple[str, ...]
    """The modules without which it is left out."""
    environment: dict[str, str] = field(default_factory=dict)


STRIATE = Peer("striate", "benchmarks.peers.striate_fit", ("striate",))
TUNED = Peer("torch-tuned", "benchmarks.peers.torch_tuned", ("torch",))
_QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3"}
PEERS = (
    STRIATE,
    TUNED,
    Peer("torch-eager", "benchmarks.peers.torch_eager", ("torch",)),
    Peer("torch-tutorial", "benchmarks.peers.torch_tutorial", ("torch",)),
    Peer(
        "keras-tensorflow",
        "benchmarks.peers.keras_fit",
        ("keras", "tensorflow"),
        {"KERAS_BACKEND": "tensorflow", **_QUIET},
    ),
    Peer("keras-jax", "benchmarks.peers.keras_fit", ("keras", "jax"), {"KERAS_BACKEND": "jax", **_QUIET}),
    Peer("lightning", "benchmarks.peers.lightning_fit", ("lightning",)),
    Peer("fastai", "benchmarks.peers.fastai_fit", ("fastai",)),
    Peer("skorch", "benchmarks.peers.skorch_fit", ("skorch",)),
    Peer("flax", "benchmarks.peers.flax_fit", ("flax", "optax")),
)


def find(peers: tuple[Peer, ...], pythons: list[str]) -> dict[str, str]:
    """Peer to the first of the interpreters that has all it needs; what none has is left out.

    striate is that of this working copy: it runs where its dependencies are, in the interpreter that asks.
    """
    found: dict[str, str] = {}
    modules = sorted({module for peer in peers for module in peer.needs})
    look = "import importlib.util as u, json, sys; print(json.dumps([m for m in sys.argv[1:] if u.find_spec(m)]))"
    for python in pythons:
        done = subprocess.run([python, "-c", look, *modules], capture_output=True, text=True, check=True)
        has = set(json.loads(done.stdout))
        if python == sys.executable:
            has.add("striate")
        else:
            has.discard("striate")
        for peer in peers:
            if has.issuperset(peer.needs):
                found.setdefault(peer.name, python)
    return found
