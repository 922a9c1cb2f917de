"""What a command line of Snakemake means where it means something else than its author thought.

Several options of Snakemake take any number of values, so that a target that stands behind one is taken for a further
value: after ``--configfile mine.yaml truth`` it looks for a study file named ``truth``. The project's profiles ask
:func:`check_command_line` before Snakemake reads those values, which would end in a traceback.
"""

import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tfnas.errors import TfnasError
from tfnas.study.reading import read_file


def _is_study_file(value: str) -> bool:
    path = Path(value)
    if path.suffix in (".yaml", ".yml"):
        return True
    if path.parts[:1] == ("results",):  # a file that the study makes is a target
        return False
    return path.suffix == ".json" or (path.is_file() and path.suffix != ".pdf")


SWALLOWING: dict[str, Callable[[str], bool]] = {
    "--configfile": _is_study_file,
    "--configfiles": _is_study_file,
    "--config": lambda value: "=" in value,
    "-C": lambda value: "=" in value,
}
"""Options that take any number of values, and what a value of each looks like."""


def swallowed_target(arguments: Sequence[str]) -> tuple[int, str] | None:
    """Return the place of the first target that an option takes for one of its values, and that option.

    Args:
        arguments: of Snakemake, without its own name.

    Example:
        >>> swallowed_target(["--configfile", "mine.yaml", "truth"])
        (2, '--configfile')
        >>> swallowed_target(["--configfile", "mine.yaml", "--", "truth"])
    """
    option = ""
    for place, argument in enumerate(arguments):
        if argument == "--":
            return None
        if argument.startswith("-"):
            option = argument
        elif option in SWALLOWING and place > arguments.index(option) + 1 and not SWALLOWING[option](argument):
            return place, option
    return None


def corrected(arguments: Sequence[str], place: int) -> str:
    """Return the command with everything that is no option's value from ``place`` on behind ``--``."""
    end = next((at for at in range(place, len(arguments)) if arguments[at].startswith("-")), len(arguments))
    words = [*arguments[:place], *arguments[end:], "--", *arguments[place:end]]
    return shlex.join(["snakemake", *words])


def check_command_line(arguments: Sequence[str] | None = None) -> None:
    """End the process with one sentence where an option has swallowed a target, or a study file is no text.

    Args:
        arguments: of Snakemake; those of this process by default.
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    found = swallowed_target(arguments)
    if found is not None:
        place, option = found
        sys.exit(
            f"Snakemake takes '{arguments[place]}' for a value of {option}, which takes every word up to the next "
            f"option. Write: {corrected(arguments, place)}"
        )
    for path in study_files(arguments):
        try:
            read_file(path)
        except TfnasError as error:
            sys.exit(str(error))


def study_files(arguments: Sequence[str]) -> list[str]:
    """Return the files that stand behind ``--configfile``.

    Example:
        >>> study_files(["--configfile", "one.yaml", "two.yaml", "--cores", "2", "--", "tex"])
        ['one.yaml', 'two.yaml']
    """
    files, within = [], False
    for argument in arguments:
        if argument.startswith("-"):
            option, _, value = argument.partition("=")
            within = option in ("--configfile", "--configfiles") and argument == option
            files += [value] if value and option in ("--configfile", "--configfiles") else []
        elif within:
            files.append(argument)
    return files
