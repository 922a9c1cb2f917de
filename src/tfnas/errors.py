"""Every error a user can cause: one root, leaves by subject, each message one sentence that names the mend.

``str(error)`` is what the terminal shows; the traceback goes to the log of the job.
"""


class TfnasError(Exception):
    """Root of all errors that a user can cause and mend."""


class ConfigError(TfnasError):
    """A key or a value of the study file is wrong."""


class UnknownNameError(ConfigError):
    """A proxy, search, dataset, operation... that does not exist; the message lists those that do."""

    def __init__(self, kind: str, name: str, known: list[str] | tuple[str, ...], place: str | None = None):
        self.kind, self.name, self.known = kind, name, tuple(known)
        where = f" in {place}" if place else ""
        super().__init__(f"Unknown {kind} '{name}'{where}: choose one of {', '.join(sorted(self.known))}.")


class CellError(TfnasError):
    """A string that is no cell of the search space."""


class DataError(TfnasError):
    """A data file is missing, damaged, incomplete or not of the expected shape."""


class DownloadError(DataError):
    """A download failed, or what came is not what was asked for."""


class TruthError(DataError):
    """Ground truth lacks a column, a cell or a value that was asked for."""


class ScoreError(DataError):
    """A score table lacks a proxy, a cell or a value that was asked for."""


class DeviceError(TfnasError):
    """The device that was asked for is not there, failed, or ran out of memory."""


class ProxyError(TfnasError):
    """A proxy returns something else than its contract says, or fails in a way that its definition does not name."""


class SearchError(TfnasError):
    """A search cannot run with the settings or the data it was given."""


class ReportError(TfnasError):
    """The report could not be built."""
