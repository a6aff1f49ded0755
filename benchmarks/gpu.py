"""Train the reference networks on a graphics card, with striate and with torch tuned by hand, and CIFAR-10 to 94 %.

    python -m benchmarks.gpu [--networks vgg] [--rounds 5] [--recipe recipes/fast/cifar10-94.toml --seeds 0 1 2 3 4]

Where there is no CUDA device it says so, and nothing is measured.
"""

import json
import sys
from collections.abc import Sequence

from benchmarks import results
from benchmarks.accuracy import summary, train
from benchmarks.child import ROOT, heed_sigterm, run
from benchmarks.peers import STRIATE, Peer
from benchmarks.speed import SECONDS, Found, Wanted, conduct, keep, known, parser_of
from benchmarks.task import BATCH

PEERS = (
    Peer(STRIATE.name, STRIATE.script, STRIATE.needs, {"DEVICE": "cuda"}),
    *(
        Peer(f"torch-{mode}", "benchmarks.peers.torch_cuda", ("torch",), {"MODE": mode})
        for mode in ("eager", "compile", "graphs")
    ),
)
IMAGES, EPOCHS = {"lenet": 60_032, "vgg": 25_600, "resnet18": 25_600, "mlp": 60_032}, 4
"""Of an epoch, in whole batches, as a recorded step has one size; the first epoch warms up, and compiles."""


def amount(network: str, _cores: int, seconds: float) -> tuple[int, int]:
    """How many images an epoch has, and how many epochs there are."""
    return max(round(IMAGES[network] * seconds / SECONDS / BATCH), 1) * BATCH, EPOCHS


def accurate(recipe: str, seeds: Sequence[int], settings: Sequence[str]) -> dict:
    """What a recipe reaches on the card, and how soon."""
    runs = []
    for seed in seeds:
        reached = train(recipe, seed, settings)
        if isinstance(reached, str):
            return {"problem": reached}
        runs.append(reached)
    figures = (run(["-m", "benchmarks.peak", "cuda"]).figures or {}).get("bfloat16", 0.0)
    reported = summary(runs, 0.0)
    wanted = ("test accuracy", "mean", "worst", "deviation", "seconds of training", "plan")
    return {name: reported[name] for name in wanted} | {"seeds": list(seeds), "GFLOP/s of the card": figures}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = parser_of((__doc__ or "").splitlines()[0])
    parser.add_argument("--recipe", default=str(ROOT / "recipes" / "fast" / "cifar10-94.toml"))
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2, 3, 4], help="none: no recipe is trained")
    parser.add_argument("--set", nargs="+", default=['train.device="cuda"'], help="settings of the recipe")
    given = parser.parse_args(arguments)
    facts = known(given.rounds, given.seconds)
    if facts["device"] is None:
        print("There is no CUDA device that torch can use: nothing was measured.")
        return 0
    found = Found(facts, on_card=True)
    pythons = dict.fromkeys((peer.name for peer in PEERS), sys.executable)
    peak = ("-m", "benchmarks.peak", "cuda")
    cores = [facts["cores"]]
    conduct(
        Wanted(PEERS, pythons, given.networks, cores, given.rounds, given.seconds, given.timeout, amount, peak), found
    )
    status = keep(found, given.out, "gpu")
    if not status and given.seeds:
        reached = {"device": facts["device"], **accurate(given.recipe, given.seeds, given.set)}
        results.write(given.out, "gpu-accuracy", reached)
        print(json.dumps(reached, indent=1))
    return status


if __name__ == "__main__":
    heed_sigterm()
    sys.exit(main())
