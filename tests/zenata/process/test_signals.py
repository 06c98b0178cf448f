import random
import select
import signal
import subprocess
import sys
import time

import pytest

ROUNDS = 1000

# Whoever waits is nearly always at work on the event itself, where a handler that sets it would block for ever.
WAIT = f"""
from zenata.process.signals import stop_on_signal

stop = stop_on_signal()
print("ready", flush=True)
for _ in range({ROUNDS}):
    while not stop.wait(1e-5):
        pass
    stop.clear()
    print("stopped", flush=True)
"""


def test_whoever_waits_is_stopped_whenever_the_signal_comes():
    moments = random.Random(1)  # noqa: S311 - no secret
    with subprocess.Popen([sys.executable, "-c", WAIT], stdout=subprocess.PIPE, bufsize=0) as process:
        try:
            assert process.stdout.readline() == b"ready\n"
            for number in range(ROUNDS):
                time.sleep(moments.uniform(0, 2e-4))
                process.send_signal(signal.SIGTERM)
                assert select.select([process.stdout], [], [], 30)[0], f"it hangs after {number} signals"
                assert process.stdout.readline() == b"stopped\n"
        finally:
            process.kill()


def test_what_else_is_to_be_done_is_done():
    script = """
import threading
from zenata.process.signals import stop_on_signal
done = threading.Event()
stop = stop_on_signal(done.set)
print("ready", flush=True)
print(stop.wait(30) and done.wait(30))
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60)[0] == b"True\n"


@pytest.mark.parametrize("daemon", [True, False])
def test_a_process_whose_thread_waits_for_ever_ends_none_the_less(daemon):
    script = f"""
import threading
from functools import partial
from zenata.process.signals import end_at_last, stop_on_signal
stop = stop_on_signal(partial(end_at_last, 0.1))
hung = threading.Thread(target=threading.Event().wait, name="hung", daemon={daemon})
hung.start()
print("ready", flush=True)
hung.join()
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 1
    assert "asked to stop, while these threads still waited: MainThread, hung" in said
