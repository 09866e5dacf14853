"""Processes that measure a round for each line they are sent: two sides take turns within the same second, and neither
works while the other is measured.
"""
import json
import os
import queue
import signal
import subprocess
import threading
import time

import machine

# How long a process has to end once nothing more is asked of it.
ENDING_SECONDS = 20


class Failed(Exception):
    """Why a side could not be measured; shown without a traceback."""


class Paced:
    """One side: prints so many lines of JSON for each line of its standard input."""

    def __init__(self, name, command, lines, log, environment, dumps_threads=False):
        self.name, self.lines, self.log, self.dumps_threads = name, lines, log, dumps_threads
        self.rounds, self.answers = [], queue.Queue()
        log.parent.mkdir(parents=True, exist_ok=True)
        self.errors = open(log, "wb")
        self.process = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.errors, env=environment, start_new_session=True)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            if line.startswith(b"{"):
                self.answers.put(json.loads(line))
            else:
                # Whatever a library or a dump of threads says.
                self.errors.write(line)
                self.errors.flush()
        self.answers.put(None)

    def measure(self, seconds):
        """A round's lines, as objects."""
        deadline = time.monotonic() + seconds
        try:
            self.process.stdin.write(b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # what it died of is told below
        taken = []
        while len(taken) < self.lines:
            try:
                answer = self.answers.get(timeout=max(0.001, deadline - time.monotonic()))
            except queue.Empty:
                self.dump()
                raise Failed(f"{self.name} did not answer within {seconds:.0f} s; see {self.log}") from None
            if answer is None:
                self.process.wait(timeout=ENDING_SECONDS)
                ended = machine.Finished(self.process.returncode, 0, self.log)
                raise Failed(f"{self.name}: {ended.why()}: {machine.last_words(ended)}")
            taken.append(answer)
        return taken

    def dump(self):
        if self.dumps_threads:
            self.process.send_signal(signal.SIGQUIT)
            time.sleep(machine.DUMP_SECONDS)

    def close(self):
        """Ends it, its children too; a failure on the way out is one."""
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            code = self.process.wait(timeout=ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            code = None
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.errors.close()
        return code


def take_turns(sides, rounds, seconds, left):
    """
    Measures rounds of every side, the first of which warms up and does not count, each side first in every other one.
    Fewer where time runs out.
    """
    for number in range(-1, rounds):
        if left() < 0:
            return
        for side in sides if number % 2 else reversed(sides):
            taken = side.measure(min(seconds, max(1, left() + seconds)))
            if number >= 0:
                side.rounds.append(taken)
                machine.say(f"round {number + 1}/{rounds}  {side.name}")
