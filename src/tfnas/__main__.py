"""The command ``tfnas``: score one network, search one space, list what there is. Studies are run with Snakemake.

::

    tfnas score my_net.py:build --images photos/
    tfnas score torchvision.models:resnet18 --images digits.npz --proxies naswot synflow_log
    tfnas search darts tegnas --images photos/ --set population=16 steps=40
    tfnas proxies
    tfnas searches
    tfnas spaces
"""

import argparse
import importlib
import importlib.util
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfnas.errors import ConfigError, TfnasError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0, or 1 after one sentence on what is wrong.

    Args:
        arguments: those of the command; those of this process if left out.
    """
    parser = argparse.ArgumentParser(
        prog="tfnas",
        description="Score one network, search one space, list what there is. Studies are run with Snakemake.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    score = commands.add_parser("score", help="score a network with training-free proxies")
    score.add_argument(
        "network",
        metavar="MODULE:FACTORY",
        help="a module or a .py file, and the function in it that builds the network; or the string of a cell",
    )
    score.add_argument("--images", required=True, metavar="PATH", help="a .npz file or a folder of pictures")
    score.add_argument("--proxies", nargs="+", metavar="NAME", help="names; all if left out")
    score.add_argument("--repeats", type=int, default=1, help="values of each proxy that are averaged (default: 1)")
    score.add_argument("--seed", type=int, default=0, help="of all weights and noise (default: 0)")
    score.add_argument("--device", default="auto", help="cpu, cuda:0 or auto (default: auto)")
    score.add_argument("--stages", nargs="+", metavar="NAME", help="modules that are the stages, the stem first")
    score.add_argument("--csv", type=Path, metavar="FILE", help="write the table to this file, too")
    _add_search(commands.add_parser("search", help="search a space, scoring networks when they are first looked at"))
    for name, what in (("proxies", "proxies"), ("searches", "searches"), ("spaces", "search spaces")):
        commands.add_parser(name, help=f"list all {what}")
    asked = parser.parse_args(arguments)
    try:
        COMMANDS[asked.command](asked)
    except TfnasError as error:
        print(f"tfnas: {error}", file=sys.stderr)
        return 1
    return 0


def _add_search(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("space", metavar="SPACE", help="a search space; tfnas spaces lists them")
    parser.add_argument("algorithm", metavar="SEARCH", help="a search; tfnas searches lists them")
    parser.add_argument("--images", metavar="PATH", help="score networks on these: a .npz file or a folder of pictures")
    parser.add_argument("--scores", metavar="FILE", help="or read their scores from this table")
    parser.add_argument("--truth", metavar="FILE", help="a table of ground truth: accuracies of what is found")
    parser.add_argument("--runs", type=int, default=1, help="runs, each with random numbers of its own (default: 1)")
    parser.add_argument("--seed", type=int, default=0, help="of all runs and weights (default: 0)")
    parser.add_argument("--budget", type=float, metavar="SECONDS", help="for searches that train")
    parser.add_argument(
        "--set", nargs="+", default=[], metavar="NAME=VALUE", help="settings of the search, and skeleton.NAME=VALUE"
    )
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write the table to this file, too")


def _search(asked: argparse.Namespace) -> None:
    from tfnas.one_search import search

    logging.basicConfig(level=logging.INFO, format="%(message)s")  # progress, to the standard error
    data = {name: getattr(asked, name) for name in ("images", "scores", "truth") if getattr(asked, name)}
    table = search(asked.space, data, asked.algorithm, asked.runs, asked.seed, asked.budget, **_settings(asked.set))
    _write(table, asked.csv)
    for row in table.to_dict("records"):
        print("\n".join(f"{name:16} {value}" for name, value in row.items()), end="\n\n")


def _settings(given: Sequence[str]) -> dict[str, Any]:
    """Return settings that were given as ``name=value``, values as YAML reads them.

    Raises:
        ConfigError: one is not of this form.
    """
    import yaml

    settings: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        try:
            read = yaml.safe_load(value)
        except yaml.YAMLError:
            read = value
        if not equals or not name:
            raise ConfigError(f"--set takes NAME=VALUE, not '{text}'.")
        section, _, key = name.partition(".")
        (settings.setdefault(section, {}) if key else settings)[key or section] = read
    return settings


def _write(table: Any, path: Path | None) -> None:
    from tfnas.files import atomic

    if path:
        with atomic(path) as aside:
            table.to_csv(aside, index=False)


def _score(asked: argparse.Namespace) -> None:
    from tfnas.scoring.any_network import score

    logging.basicConfig(level=logging.INFO, format="%(message)s")  # progress, to the standard error
    network = asked.network if asked.network.startswith("|") else factory(asked.network)
    options = {name: getattr(asked, name) for name in ("proxies", "repeats", "seed", "device", "stages")}
    table = score(network, asked.images, **options)
    _write(table, asked.csv)
    shown = table.assign(seconds=table["seconds"].map(lambda spent: f"{spent:.2f}" if spent == spent else "-"))
    print(shown.to_string(index=False, float_format="{:.6g}".format, na_rep="-"))


def factory(text: str) -> Any:
    """Return what ``module:name`` or ``file.py:name`` names.

    Raises:
        ConfigError: there is no such module, file or name.
    """
    where, _, name = text.rpartition(":")
    if not where or not name:
        raise ConfigError(f"'{text}' names no network: write module:factory or file.py:factory, or a cell in quotes.")
    try:
        if where.endswith(".py"):
            module = _of_file(Path(where))
        else:
            sys.path.insert(0, "")  # modules of the working folder, as for `python -m`
            module = importlib.import_module(where)
    except (ImportError, OSError, SyntaxError) as error:
        raise ConfigError(f"'{where}' of '{text}' cannot be imported: {error}.") from error
    for part in name.split("."):
        if not hasattr(module, part):
            raise ConfigError(f"'{where}' has no '{name}': name a function or class that builds the network.")
        module = getattr(module, part)
    return module


def _of_file(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # so that classes of the file can be copied
    sys.path.insert(0, str(path.parent))
    spec.loader.exec_module(module)
    return module


def _list_proxies(_: argparse.Namespace) -> None:
    from tfnas.proxies.registry import family_of, get_proxy, proxy_names

    for name in proxy_names():
        proxy = get_proxy(name)
        needs = ", ".join(proxy.requires) or "nothing"
        print(f"{name:24} {family_of(name):16} needs {needs}: {proxy.summary}")


def _list_searches(_: argparse.Namespace) -> None:
    from tfnas.search.registry import algorithm_names, get_algorithm

    for name in algorithm_names():
        algorithm = get_algorithm(name)
        print(f"{name:24} {algorithm.group:16} {algorithm.title}")


def _list_spaces(_: argparse.Namespace) -> None:
    from tfnas.spaces.registry import get_space, space_names

    for name in space_names():
        space = get_space(name)
        print(f"{name:24} {space.size:>26,} architectures: {space.title}")


COMMANDS = {
    "score": _score,
    "search": _search,
    "proxies": _list_proxies,
    "searches": _list_searches,
    "spaces": _list_spaces,
}

if __name__ == "__main__":
    sys.exit(main())
