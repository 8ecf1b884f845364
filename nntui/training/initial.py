"""The weights that a training starts from, where ``init_from`` names a file or a run that has them."""

from __future__ import annotations

import errno
import lzma
import re
import stat
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from nntui.display import display, listed
from nntui.errors import UserError
from nntui.files import NotRegularError, file_error
from nntui.runs import checkpoint
from nntui.runs.find import resolve
from nntui.training.names import exported, modules
from nntui_core.network import Network

Array = NDArray[Any]
"""Names that a message shows at most."""


def begin(network: Network, source: str, runs: Path) -> tuple[Sequence[str], Sequence[str]]:
    """Put weights and running statistics of ``source`` in place; gives problems and warnings, in words.

    Nothing is changed where there are problems. Raises UserError for a file or run that cannot be read.
    """
    path, warnings = Path(source), list[str]()
    if not path.suffix:
        found = _of_run(source, runs, warnings.append)
    elif path.suffix.lower() in READERS:
        try:
            _check_plain(path)
            found = READERS[path.suffix.lower()](path, network)
        except OSError as error:
            raise file_error(path, "read the weights", error) from None
        except MisfitError as error:
            return [str(error)], []
        except TypeError:  # of safetensors alone: NumPy has no such numbers
            problem = (
                "numbers of a type that is not read (allowed float64, float32, float16 and whole numbers)"
            )
            raise UserError(f"{display(path)}: {problem}; save them as float32") from None
        except MemoryError:
            raise UserError(f"{display(path)}: there is not enough memory to read it") from None
        # RuntimeError and NotImplementedError: an archive that is encrypted, or compressed in a way of its own.
        except (
            ValueError, KeyError, RuntimeError, BadZipFile, EOFError, zlib.error, lzma.LZMAError, _safetensors_error(),
        ):  # fmt: skip
            # What the libraries say speaks of their insides, or of switches that are not for foreign files.
            problem = "not a whole file of weights, or one that holds other things than arrays of numbers"
            raise UserError(f"{display(path)}: {problem}") from None
    else:
        return [f"unknown format (given {display(path.suffix)}; allowed a run, {', '.join(READERS)})"], []
    problems = list(_misfits(network, found))
    if problems:
        return problems, []
    surplus = sorted(set(found) - set(_places(network)))
    if surplus:
        warnings.append(f"it also has weights for which there is no layer: {listed(surplus)}")
    for name, array in _places(network).items():
        array[...] = found[name].reshape(array.shape)
    return [], warnings


def _check_plain(path: Path) -> None:
    """Raises OSError for what is no plain file: a pipe would never be read to its end."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise NotRegularError(errno.EINVAL, "this is not a plain file")


class MisfitError(Exception):
    """Weights in a file that cannot be assigned to layers without ambiguity."""


def _places(network: Network) -> dict[str, Array]:
    """Parameters and running statistics, by their names in the engine, such as ``dense1.W``."""
    parameters = network.parameters
    return {**{name: parameters.view(name) for name in parameters}, **network.buffers}


def _misfits(network: Network, found: Mapping[str, Array]) -> list[str]:
    places = _places(network)
    missing = [name for name in places if name not in found]
    out = []
    if missing:
        layers = list(dict.fromkeys(name.rpartition(".")[0] for name in missing))
        out.append(
            f"it has no weights for {listed(missing)} (every layer with parameters must match: {listed(layers)})"
        )
    for name, array in places.items():
        given = found.get(name)
        if given is None:
            continue
        if given.shape != array.shape:
            out.append(f"{display(name, 60)} has another shape (given {given.shape}; allowed {array.shape})")
        elif given.dtype.kind not in "fiu" or not np.isfinite(given).all():
            out.append(f"{display(name, 60)} holds what is no finite number")
        elif given.size and np.abs(given).max() > np.finfo(array.dtype).max:
            out.append(f"{display(name, 60)} is too large for {array.dtype}")
    return out


def _of_run(name: str, runs: Path, report: Callable[[str], object]) -> dict[str, Array]:
    """The best weights where early stopping kept them, else the last."""
    run = resolve(runs, name).run
    _, arrays, _ = checkpoint.newest_valid(run.checkpoints, report)
    found = {k.removeprefix("param/"): a for k, a in arrays.items() if k.startswith("param/")}
    prefix = "buffer/"
    if "best/theta" in arrays:
        # The vector holds the parameters in the order in which they are saved.
        at, prefix = 0, "best/buffer/"
        for key, array in found.items():
            found[key] = arrays["best/theta"][at : at + array.size].reshape(array.shape)
            at += array.size
    return found | {k.removeprefix(prefix): a for k, a in arrays.items() if k.startswith(prefix)}


def _of_npz(path: Path, network: Network) -> dict[str, Array]:
    """``layers.NAME.weight`` and so on, a dense weight ``inputs × units``."""
    with np.load(path, allow_pickle=False) as arrays:
        return {
            name: arrays[f"layers.{key}"]
            for name, key in exported(network).items() if f"layers.{key}" in arrays.files
        } | {
            key: np.zeros(0) for key in arrays.files
            if key.startswith("layers.") and key.removeprefix("layers.") not in exported(network).values()
        }  # fmt: skip


def _of_safetensors(path: Path, network: Network) -> dict[str, Array]:
    """PyTorch's layouts under ``NAME.weight``, or under numbers that are taken in order."""
    from safetensors.numpy import load_file

    arrays = {k: a for k, a in load_file(path).items() if not k.endswith(".num_batches_tracked")}
    numbered = [re.fullmatch(r"(\d+)\.(\w+)", key) for key in arrays]
    if arrays and all(numbered):
        names = _by_number(arrays, network)
    else:
        names = {key: key for key in exported(network).values()}
    found = {}
    for name, key in exported(network).items():
        array = arrays.get(names.get(key, ""))
        if array is not None:
            found[name] = _turned(array, name, _places(network)[name])
    used = set(names.values())
    return found | {key: np.zeros(0) for key in arrays if key not in used}


def _turned(array: Array, name: str, place: Array) -> Array:
    """An array in the engine's layout, from PyTorch's, where a dense weight is units × inputs and a slope has one axis."""
    if name.endswith(".W") and array.ndim == 2:
        return array.T
    return array.reshape(place.shape) if name.endswith(".slope") and array.size == place.size else array


def _by_number(arrays: Mapping[str, Array], network: Network) -> dict[str, str]:
    """The engine's names by PyTorch's: modules in the order of their numbers matched to layers in the network's order."""
    numbers = sorted({int(key.partition(".")[0]) for key in arrays})
    wanted = modules(network)
    if len(numbers) != len(wanted):
        ours = ", ".join(display(layer, 30) for layer, _ in wanted)
        raise MisfitError(
            f"the file has {len(numbers)} numbered modules with weights (given {listed([str(n) for n in numbers])}; "
            f"allowed {len(wanted)}, in the order of {ours})"
        )
    out = {}
    for number, (layer, keys) in zip(numbers, wanted, strict=True):
        for key in keys:
            out[f"{layer}.{key}"] = f"{number}.{'weight' if key == 'slope' else key}"
    return out


def _safetensors_error() -> type[Exception]:
    from safetensors import SafetensorError

    found: type[Exception] = SafetensorError
    return found


READERS: dict[str, Callable[[Path, Network], dict[str, Array]]] = {
    ".npz": _of_npz,
    ".safetensors": _of_safetensors,
}
