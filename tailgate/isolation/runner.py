"""One command inside the shield: started in its place, sent the signals that come, waited for."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from tailgate.errors import TailgateError
from tailgate.machine.conditions.idle import DMA_LATENCY
from tailgate.machine.shield import Shield, enter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from types import FrameType

    from tailgate.machine.host import Host

Placement = Literal["inside", "outside"]
"""`inside`: the command and its children have the shielded CPUs and no others. `outside`: it starts among the rest, and
what it measures enters the shield by itself (tailgate's workers do, see placement.place_worker)."""

BY_SIGNAL = 128
HELD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
"""What is passed on to a command, and held back while the machine is restored."""


@contextmanager
def shallow_sleep(host: Host) -> Iterator[str]:
    """Ask for wake-ups within 0 µs while the block runs; the kernel drops the request with the descriptor.

    Yield an empty string, or the reason why the machine would not.
    """
    try:
        descriptor = os.open(host.path(DMA_LATENCY), os.O_WRONLY | os.O_CLOEXEC)
    except OSError as error:
        yield f"C-states: {DMA_LATENCY}: {error.strerror}"
        return
    try:
        try:
            os.write(descriptor, struct.pack("=i", 0))
            problem = ""
        except OSError as error:
            problem = f"C-states: {DMA_LATENCY}: {error.strerror}"
        yield problem
    finally:
        os.close(descriptor)


def in_foreground() -> bool:
    """Tell whether a terminal sends its Ctrl-C to us and to our child alike."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    finally:
        os.close(terminal)


@contextmanager
def signals_handled(handler: Callable[[int, FrameType | None], None], numbers: Iterable[int]) -> Iterator[None]:
    """Return signals to a handler of Python inside the block, which the main thread has to run."""
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)


@contextmanager
def signals_passed_on() -> Iterator[Callable[[subprocess.Popen[bytes]], None]]:
    """Pass signals on to a child inside the block, rather than die before the machine is restored.

    Yield what to call with the child once there is one: it gets what came before. Ctrl-C of a terminal reaches the
    child without us; a SIGINT sent to us alone is passed on.
    """
    children: list[subprocess.Popen[bytes]] = []
    early: list[int] = []

    def forward(number: int, frame: FrameType | None) -> None:
        del frame
        if not children:
            early.append(number)
        elif number != signal.SIGINT or not in_foreground():
            children[0].send_signal(number)

    def born(child: subprocess.Popen[bytes]) -> None:
        children.append(child)
        for number in early:
            child.send_signal(number)

    with signals_handled(forward, HELD):
        yield born


@contextmanager
def signals_raise() -> Iterator[None]:
    """Make a polite request to end an exception inside the block, so that what was begun is undone on the way out."""

    def stop(number: int, frame: FrameType | None) -> None:
        del frame
        raise SystemExit(BY_SIGNAL + number)

    with signals_handled(stop, (signal.SIGTERM, signal.SIGHUP)):
        yield


@contextmanager
def signals_wait() -> Iterator[None]:
    """Hold signals back inside the block: a restoration that has begun is finished, and what came counts behind it.

    A mask would not do: it holds for one thread, and the kernel gives a signal of the process to any thread that has it
    unmasked, upon which Python runs the handler in the main thread all the same.
    """
    came: list[int] = []

    def keep(number: int, frame: FrameType | None) -> None:
        del frame
        came.append(number)

    try:
        with signals_handled(keep, HELD):
            yield
    finally:
        for number in came:
            signal.raise_signal(number)


def placing(host: Host, shield: Shield, placement: Placement) -> Callable[[], None] | None:
    """Return what a child has to do before it becomes the command."""
    return (lambda: enter(host, shield, os.getpid())) if placement == "inside" else None


def run_command(command: Sequence[str], sit: Callable[[], None] | None, environ: Mapping[str, str]) -> int:
    """Run a command to its end and return its exit status as a shell would: 128 and the number for a signal.

    `environ` is added to the environment; `sit` is called in the child before it becomes the command.
    Raises TailgateError when it cannot be started.
    """
    with signals_passed_on() as born:
        try:
            # The child has to enter the shield before it runs a line of its own, and this process has one thread: the
            # danger of preexec_fn, a lock held by another thread at the fork, does not arise.
            child = subprocess.Popen(command, env={**os.environ, **environ}, preexec_fn=sit)  # noqa: PLW1509 - see above
        except FileNotFoundError as error:
            raise TailgateError(f"{command[0]} was not found", hint="name it as the shell would find it") from error
        except (OSError, subprocess.SubprocessError) as error:
            raise TailgateError(
                f"{command[0]} could not be started in the shield: {error}", hint="see status"
            ) from error
        born(child)
        status = child.wait()
    return status if status >= 0 else BY_SIGNAL - status
