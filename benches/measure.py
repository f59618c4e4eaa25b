"""Runs programs and says what they took: time on the clock, time of the processors, memory."""

import os
import re
import signal
import statistics
import subprocess
import time
from dataclasses import dataclass, field


class Failed(Exception):
    """A program that did not end as it should: what it is called, and why."""


@dataclass
class Taken:
    """What runs of one command took, in seconds, run by run."""

    wall: list = field(default_factory=list)
    cpu: list = field(default_factory=list)

    def median(self):
        return statistics.median(self.wall)

    def median_cpu(self):
        return statistics.median(self.cpu)

    def ratio(self, other):
        """The median of the ratios to another command, run by run: what drifts, drifts for both."""
        return statistics.median(a / b for a, b in zip(self.wall, other.wall))

    def cpu_ratio(self, other):
        """The same of the time of the processors, which a busy machine changes less."""
        return statistics.median(a / b for a, b in zip(self.cpu, other.cpu))


def run(commands, limit=None):
    """Runs commands one after the other, as one run; returns its seconds."""
    started = time.perf_counter()
    for command in commands:
        command = [str(word) for word in command]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, start_new_session=True) as process:
            timer = limit and started + limit - time.perf_counter()
            try:
                _, said = process.communicate(timeout=timer)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise Failed(f"took more than {limit} s") from None
        if process.returncode != 0:
            last = said.decode(errors="replace").strip().splitlines()[-1:]
            raise Failed(f"{os.path.basename(command[0])} failed: {''.join(last)}")
    return time.perf_counter() - started


def timed(commands, taken):
    """Runs commands and notes their times."""
    before = os.times()
    taken.wall.append(run(commands))
    after = os.times()
    taken.cpu.append(after.children_user + after.children_system
                     - before.children_user - before.children_system)


def side_by_side(commands, runs, clean):
    """Times several commands in turn, `runs` times; returns what each took, by name.

    `commands` has a list of commands for each name. `clean` is called before each run.
    """
    taken = {name: Taken() for name in commands}
    for number in range(runs + 1):
        for name, command in commands.items():
            clean()
            # What the one before left unwritten is not this one's to write.
            os.sync()
            # The first round reads the inputs into memory, and does not count.
            timed(command, taken[name] if number > 0 else Taken())
    return taken


def memory(command):
    """Returns the most memory that a command had, in bytes.

    The kernel's own count at the end would have Python's memory in it, from before exec.
    """
    peak = 0
    with subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            with open(f"/proc/{process.pid}/status") as file:
                found = re.search(r"^VmHWM:\s+(\d+) kB", file.read(), re.M)
            peak = max(peak, int(found[1]) * 1024 if found else 0)
            time.sleep(0.002)
    if process.returncode != 0:
        raise Failed(f"{command[0]} failed")
    return peak
