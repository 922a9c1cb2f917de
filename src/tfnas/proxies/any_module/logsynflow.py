"""LogSynFlow of one network of any kind, see :mod:`tfnas.proxies.logsynflow`."""

from tfnas.proxies.any_module.synflow import flow_of_module
from tfnas.proxies.any_module.trial import ModuleTrial
from tfnas.proxies.logsynflow import explained
from tfnas.proxies.registry import Results


def evaluate(trial: ModuleTrial) -> Results:
    """Return raw values and reasons for one network."""
    values = flow_of_module(trial, "kaiming_fan_out", lambda weight, gradient: (weight * gradient.log1p()).abs())
    return {"logsynflow": explained(values)}
