"""A small worker with nothing but Python's standard library.

Run it by hand:   PAUSE=1 python3 worker.py
"""

import os
import signal
import threading

# Seconds between two pieces of work.
PAUSE = float(os.environ.get("PAUSE", "30"))
# Set anew by every deployment; the first line of the log proves which one is running.
RELEASE = os.environ.get("FABRIK_RELEASE", "none")


def work():
    print("worked", flush=True)


def run():
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda signum, frame: stopped.set())
    print(f"started, release {RELEASE}", flush=True)
    while not stopped.is_set():
        work()
        stopped.wait(PAUSE)
    print("stopped", flush=True)


if __name__ == "__main__":
    run()
