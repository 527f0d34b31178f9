"""Start, look at and stop a Dask cluster on this machine's loopback, to try what `--scheduler` does.

    python scripts/fleet.py up --workers 2      a scheduler, and two workers, each pinned to a CPU of its own
    python scripts/fleet.py status              who is there, on which CPU
    python scripts/fleet.py down                stop it

Nothing listens beyond loopback. docs/fleet.md has the recipes for SSH, Kubernetes and Slurm.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

# A script is run by its path: the checkout is not on the module path then.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tailgate.errors import MissingToolError, TailgateError
from tailgate.files import replacing
from tailgate.fleet.crew import RESOURCE, connect
from tailgate.fleet.hosts import HOST

FOLDER = Path(__file__).resolve().parents[1] / "build" / "fleet"
_STATE = "fleet.json"
_PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Started:
    """A process of ours: its number alone could be another's by now, so when it began is kept too."""

    what: str
    pid: int
    began: float
    cpu: int | None = None

    def process(self) -> psutil.Process | None:
        """Return the process, if it still is the one that was started."""
        try:
            found = psutil.Process(self.pid)
            return found if abs(found.create_time() - self.began) < 1.0 and found.status() != "zombie" else None
        except psutil.NoSuchProcess:
            return None


def up(folder: Path, workers: int, port: int, *, rehearse_hosts: bool = False) -> str:
    """Start a scheduler and so many workers, each on a CPU of its own; return the scheduler's address."""
    if any(each.process() for each in state(folder)[1]):
        raise TailgateError(f"a fleet of {folder} is up already", hint="python scripts/fleet.py down")
    cpus = sorted(os.sched_getaffinity(0))
    if workers > len(cpus):
        raise TailgateError(f"{workers} workers for {len(cpus)} CPUs: each measures on one of its own")
    folder.mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    address = f"tcp://127.0.0.1:{port}"
    started: list[Started] = []
    try:
        command = ["scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard", "--no-show"]
        started.append(_start(folder, "scheduler", command))
        _wait_for(port, started[0], folder)
        for number in range(workers):
            cpu = cpus[-1 - number]
            command = ["worker", address, "--host", "127.0.0.1", "--nworkers", "1", "--nthreads", "1"]
            command += [
                "--resources",
                f"{RESOURCE}=1",
                "--memory-limit",
                "0",
                "--no-dashboard",
                "--death-timeout",
                "60",
            ]
            command += ["--name", f"cpu-{cpu}", "--local-directory", str(folder / "work")]
            env = {HOST: f"rehearsed-{number}"} if rehearse_hosts else {}
            started.append(_start(folder, f"worker-{number}", command, cpu, env))
    finally:
        _keep(folder, address, started)
    client = connect(address)
    try:
        client.wait_for_workers(workers, timeout=_PATIENCE_S)
    except TimeoutError as error:
        raise TailgateError(f"not all workers came: {error}", hint=f"see {folder}/worker-*.log") from error
    finally:
        client.close()
    return address


def down(folder: Path) -> int:
    """Stop what `up` has started, and nothing else; return how many processes that were."""
    stopped = []
    for each in reversed(state(folder)[1]):
        process = each.process()
        if process is not None:
            stopped += [*process.children(recursive=True), process]
            process.terminate()
    _, alive = psutil.wait_procs(stopped, timeout=10)
    for process in alive:
        process.kill()
    (folder / _STATE).unlink(missing_ok=True)
    return len(stopped)


def state(folder: Path) -> tuple[str, list[Started]]:
    """Return the scheduler's address and what was started; nothing where nothing was."""
    path = folder / _STATE
    if not path.is_file():
        return "", []
    plain = json.loads(path.read_text(encoding="utf-8"))
    return plain["address"], [Started(**each) for each in plain["started"]]


def told(folder: Path) -> list[str]:
    """Say who is there."""
    address, started = state(folder)
    if not started:
        return [f"no fleet was started in {folder}"]
    lines = [f"scheduler {address}"]
    for each in started:
        where = f" on CPU {each.cpu}" if each.cpu is not None else ""
        lines.append(f"  {each.what}: process {each.pid}{where}, {'up' if each.process() else 'gone'}")
    if started[0].process():
        client = connect(address)
        try:
            for name, worker in client.scheduler_info(n_workers=-1)["workers"].items():
                lines.append(f"  {name} ({worker['name']}) offers {worker['resources']}")
        finally:
            client.close()
    return lines


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start(
    folder: Path, what: str, command: list[str], cpu: int | None = None, env: dict[str, str] | None = None
) -> Started:
    """Start a part of the cluster; a worker and all of its children stay on its CPU."""
    before = os.sched_getaffinity(0)
    with (folder / f"{what}.log").open("wb") as log:
        try:
            if cpu is not None:
                os.sched_setaffinity(0, {cpu})
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )
        finally:
            os.sched_setaffinity(0, before)
    return Started(what, process.pid, psutil.Process(process.pid).create_time(), cpu)


def _wait_for(port: int, scheduler: Started, folder: Path) -> None:
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until and scheduler.process():
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    log = (folder / "scheduler.log").read_text(errors="replace")[-1000:]
    if "No module named" in log:
        raise MissingToolError("a fleet needs dask.distributed", hint="pip install 'tailgate[fleet]'")
    raise TailgateError(f"the scheduler does not listen on port {port}:\n{log}")


def _keep(folder: Path, address: str, started: list[Started]) -> None:
    with replacing(folder / _STATE) as temporary:
        temporary.write_text(json.dumps({"address": address, "started": [asdict(each) for each in started]}))


def main() -> int:
    """Do as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    start = verbs.add_parser("up")
    start.add_argument("--workers", type=int, default=1)
    start.add_argument("--port", type=int, default=8786, help="0: any that is free")
    start.add_argument("--rehearse-hosts", action="store_true", help="let each worker play a host of its own")
    verbs.add_parser("status")
    verbs.add_parser("down")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    options = parser.parse_args()
    try:
        match options.verb:
            case "up":
                address = up(options.folder, options.workers, options.port, rehearse_hosts=options.rehearse_hosts)
                print(f"scheduler {address}; try: tailgate gate --scheduler {address} --base HEAD")
            case "down":
                print(f"stopped {down(options.folder)} processes")
            case _:
                print("\n".join(told(options.folder)))
    except TailgateError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main())
