"""A Slurm of three nodes on this machine, for the length of a test run: installed, started, stopped, removed here.

Debian or Ubuntu, as root, without systemd. Nothing is touched where Slurm or its configuration exists already. The
nodes are daemons on ports of their own that pretend to have cores and memory of their own; `node3` has two stand-ins
for GPUs, device files without a device. Slurm keeps no accounting, as on many small clusters.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

PACKAGES = ("slurm-wlm", "munge")
CONFIGURATION = Path("/etc/slurm")
NODES = ("node1", "node2", "node3")
WITH_GPUS = "node3"
INSTALLING = 600.0
STARTING = 120.0

SLURM_CONF = """
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CryptoType=crypto/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerType=sched/backfill
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=2
JobAcctGatherParams=OverMemoryKill
SlurmdParameters=config_overrides
SlurmdTimeout=30
MinJobAge=3600
ReturnToService=2
MpiDefault=none
GresTypes=gpu
{nodes}
PartitionName=main Nodes=node1,node2 Default=YES MaxTime=INFINITE State=UP
PartitionName=gpu Nodes=node3 MaxTime=INFINITE State=UP
"""


def missing() -> str | None:
    """Return why these tests cannot run on this machine, None if they can."""
    if os.name != "posix" or os.getuid() != 0:
        return "not root: a Slurm can neither be installed nor started"
    if shutil.which("apt-get") is None:
        return "no apt-get: Slurm is installed as a package of Debian"
    if CONFIGURATION.exists() or shutil.which("sbatch") or shutil.which("slurmd"):
        return "there is a Slurm on this machine, which is left alone"
    return None


class Slurm:
    """The cluster: a context that installs and starts it, and stops and removes it however the tests end."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="tfnas-slurm-"))
        self.daemons: dict[str, subprocess.Popen[bytes]] = {}
        self.added: list[str] = []

    def __enter__(self) -> Slurm:
        try:
            self.added = install()
            self.configure()
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def configure(self) -> None:
        """Write the configuration, the key and the stand-ins for GPUs into a folder, with links at /etc/slurm."""
        host = socket.gethostname()
        ports = free_ports(1 + len(NODES))
        lines = []
        for name, port in zip(NODES, ports[1:], strict=True):
            gpus = " Gres=gpu:2" if name == WITH_GPUS else ""
            lines.append(
                f"NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=4 RealMemory=64000{gpus}"
            )
        text = SLURM_CONF.format(host=host, controller=ports[0], folder=self.folder, nodes="\n".join(lines))
        devices = [self.folder / f"gpu{number}" for number in range(2)]
        for device in devices:
            run("mknod", str(device), "c", "1", "3")
        gres = [f"NodeName={WITH_GPUS} Name=gpu File={device}" for device in devices]
        configuration = self.folder / "etc"
        configuration.mkdir()
        (configuration / "slurm.conf").write_text(text.lstrip(), encoding="utf-8")
        (configuration / "gres.conf").write_text("\n".join(gres) + "\n", encoding="utf-8")
        for folder in ("state", *(f"spool-{name}" for name in NODES)):
            (self.folder / folder).mkdir()
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o600)
        CONFIGURATION.mkdir(exist_ok=True)
        for file in configuration.iterdir():
            (CONFIGURATION / file.name).symlink_to(file)

    def start(self) -> None:
        """Start all daemons and wait until every node is idle."""
        f = self.folder
        self.daemon(
            *("munged", "munged", "--foreground", "--force", f"--key-file={f}/munge.key", f"--socket={f}/munge.socket"),
            *(f"--pid-file={f}/munge.pid", f"--log-file={f}/munge.log", f"--seed-file={f}/munge.seed"),
        )
        wait_for(lambda: (f / "munge.socket").exists(), 30, "munged opens its socket")
        self.daemon("slurmctld", "slurmctld", "-D")
        for name in NODES:
            self.start_node(name)
        wait_for(lambda: set(self.states().values()) == {"idle"}, STARTING, "all nodes are idle")

    def daemon(self, name: str, *command: str) -> None:
        """Start a daemon in the foreground of its own session, its output in a file."""
        with (self.folder / f"{name}.out").open("wb") as out:
            self.daemons[name] = subprocess.Popen(
                command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True
            )

    def start_node(self, name: str) -> None:
        """Start one node."""
        self.daemon(name, "slurmd", "-D", "-N", name)

    def kill_node(self, name: str) -> None:
        """Kill a node as a power cut would: its daemon and everything that runs on it."""
        end(self.daemons.pop(name), signal.SIGKILL)
        for process in processes_of(name):
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass
        wait_for(lambda: not processes_of(name), 30, f"nothing runs on {name}")

    def states(self) -> dict[str, str]:
        """Return the state of every node that the controller tells, an empty dictionary while it does not answer."""
        try:
            text = run("sinfo", "-N", "-h", "-o", "%N %t", timeout=20)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
            return {}
        return dict(line.split() for line in text.splitlines())

    def jobs(self) -> list[dict[str, str]]:
        """Return what the controller remembers of all jobs."""
        keys = ("id", "state", "partition", "node", "memory", "time", "comment")
        text = run("squeue", "-t", "all", "-h", "-o", "%i|%T|%P|%N|%m|%l|%k", timeout=30)
        return [dict(zip(keys, line.split("|", len(keys) - 1), strict=True)) for line in text.splitlines()]

    def close(self) -> None:
        """Stop all daemons, remove the packages that were installed and everything that was written."""
        with ExitStack() as steps:  # the last one first, and every one, whatever becomes of the others
            steps.callback(shutil.rmtree, self.folder, ignore_errors=True)
            steps.callback(self.forget_configuration)
            if self.added:
                steps.callback(apt, "purge", *self.added)
            steps.callback(self.forget_configuration)
            for name in list(self.daemons):
                if name in NODES:
                    steps.callback(self.kill_node, name)
                else:
                    steps.callback(end, self.daemons[name], signal.SIGTERM)
            if self.daemons and shutil.which("scancel"):
                steps.callback(subprocess.run, ["scancel", "--user=root"], timeout=30, capture_output=True)

    def forget_configuration(self) -> None:
        """Remove the links at /etc/slurm, and the folder if nothing of the packages is left in it."""
        for name in ("slurm.conf", "gres.conf"):
            if (CONFIGURATION / name).is_symlink():
                (CONFIGURATION / name).unlink()
        if CONFIGURATION.is_dir() and not any(CONFIGURATION.iterdir()):
            CONFIGURATION.rmdir()


def processes_of(node: str) -> list[int]:
    """Return the processes on a node: what jobs started there, and the step daemons that started it."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        try:
            environment = (entry / "environ").read_bytes().split(b"\0")
            if f"SLURMD_NODENAME={node}".encode() not in environment:
                continue
            parent = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1]
            name = Path("/proc", parent, "comm").read_text(encoding="utf-8").strip()
        except OSError:
            continue
        found += [int(parent)] if name == "slurmstepd" else []
        found += [int(entry.name)]
    return found


def install() -> list[str]:
    """Install Slurm and munge without starting a service, and return the packages that were not there before."""
    apt("update")
    plan = apt("install", "--simulate", "--no-install-recommends", *PACKAGES)
    # `Inst name (new ...)`; a package that is only upgraded has its old version in brackets.
    new = re.findall(r"^Inst (\S+) \(", plan, re.MULTILINE)
    policy = Path("/usr/sbin/policy-rc.d")
    forbid = not policy.exists()
    if forbid:
        policy.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
        policy.chmod(0o755)
    try:
        apt("install", "--no-install-recommends", *PACKAGES)
    except BaseException:
        apt("purge", *new)
        raise
    finally:
        if forbid:
            policy.unlink()
    return new


def apt(*arguments: str) -> str:
    """Run apt-get without questions, waiting for another one that is at work, and return what it printed."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "-y", "-q", "-o", "DPkg::Lock::Timeout=300", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=INSTALLING)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return done.stdout


def run(*command: str, timeout: float = 60) -> str:
    """Run a command and return what it prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=timeout).stdout


def end(process: subprocess.Popen[bytes], by: signal.Signals) -> None:
    """End the session of a daemon, at last with SIGKILL."""
    for number in (by, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(15)
            return
        except ProcessLookupError:
            process.wait(15)
            return
        except subprocess.TimeoutExpired:
            continue


def wait_for(true: Callable[[], object], seconds: float, what: str) -> None:
    """Wait until a condition holds."""
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            raise TimeoutError(f"Waited {seconds:.0f} s, but not yet: {what}")
        time.sleep(0.5)


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for entry in sockets:
            entry.bind(("127.0.0.1", 0))
        return [entry.getsockname()[1] for entry in sockets]
    finally:
        for entry in sockets:
            entry.close()
