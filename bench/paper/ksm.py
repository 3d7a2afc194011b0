"""The kernel's same-page merging (KSM): what of it this machine has, and its settings for each configuration."""

import ctypes
import os
import threading
import time

DIRECTORY = "/sys/kernel/mm/ksm"
CHANGED = ("run", "sleep_millisecs", "pages_to_scan", "advisor_mode")  # what the evaluation writes to
PR_SET_MEMORY_MERGE = 67

OFF, ON, TUNED, ADVISOR = "ksm-off", "ksm-on", "ksm-tuned", "ksm-advisor"


def path(name, directory=None):
    return os.path.join(directory or DIRECTORY, name)


def read(name, directory=None):
    """The setting; of a choice the one in brackets. None: this kernel doesn't have it."""
    try:
        with open(path(name, directory), encoding="ascii") as file:
            text = file.read().strip()
    except OSError:
        return None
    chosen = [word[1:-1] for word in text.split() if word.startswith("[")]
    return chosen[0] if chosen else text


def write(name, value, directory=None):
    with open(path(name, directory), "w", encoding="ascii") as file:
        file.write(str(value))


def save(directory=None):
    return {name: value for name in CHANGED if (value := read(name, directory)) is not None}


def restore(settings, directory=None):
    """While the advisor is on the kernel refuses a number of pages."""
    if "advisor_mode" in settings:
        write("advisor_mode", "none", directory)
    for name in ("sleep_millisecs", "pages_to_scan", "advisor_mode", "run"):
        if name in settings:
            write(name, settings[name], directory)


def processes_can_merge():
    """Whether a process can ask for merging as a whole; asked of this one, which then takes it back."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0) != 0:
        return False
    libc.prctl(PR_SET_MEMORY_MERGE, 0, 0, 0, 0)
    return True


def missing():
    """{configuration: why it can't run}, empty if all can."""
    if read("run") is None:
        why = "the kernel has no KSM (CONFIG_KSM)"
    elif not os.access(path("run"), os.W_OK):
        why = f"{DIRECTORY} can't be written to: run as root"
    elif not processes_can_merge():
        why = "the kernel has no PR_SET_MEMORY_MERGE (Linux 6.4 and later have)"
    else:
        return {} if read("advisor_mode") is not None else {ADVISOR: "the kernel's KSM has no advisor (Linux 6.8 and later have)"}
    return dict.fromkeys((ON, TUNED, ADVISOR), why)


def daemon():
    """ksmd's process ID, or None."""
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as file:
                    if file.read().split(" ", 2)[1] == "(ksmd)":
                        return int(name)
            except OSError:
                pass
    return None


class Clock:
    """Seconds of processor time that ksmd has spent since this was made."""

    def __init__(self):
        self.pid = daemon()
        self.start = self.total()

    def total(self):
        if self.pid is None:
            return 0.0
        with open(f"/proc/{self.pid}/schedstat", encoding="ascii") as file:
            return int(file.read().split()[0]) / 1e9

    def seconds(self):
        return self.total() - self.start


class Tuner(threading.Thread):
    """What the ksmtuned daemon does, with its defaults: every so often it looks how much memory is free. Under a fifth it has
    KSM scan faster and faster, above that slower and slower; where everything would fit unmerged with a fifth to spare, it
    stops it. The machine's memory is the budget."""

    BOOST, DECAY, FEWEST, MOST = 300, -50, 64, 1250  # pages at a time
    SLEEP = 10  # ms between them: what it is with 16 GiB and above
    FREE = 0.2

    def __init__(self, usage, budget, interval):
        super().__init__(daemon=True)
        self.usage, self.budget, self.interval = usage, budget, interval
        self.pages = self.FEWEST
        self.ended = threading.Event()

    def check(self):
        usage, spare = self.usage(), self.FREE * self.budget
        is_scarce = self.budget - usage < spare
        if not is_scarce and usage + merged() + spare < self.budget:
            write("run", 0)
            return
        self.pages = max(self.FEWEST, min(self.MOST, self.pages + (self.BOOST if is_scarce else self.DECAY)))
        write("pages_to_scan", self.pages)
        write("run", 1)

    def run(self):
        while not self.ended.wait(self.interval):
            self.check()

    def stop(self):
        self.ended.set()
        self.join()


def unmerge():
    """Nothing of an earlier run stays merged, or scheduled."""
    if read("run") is not None and os.access(path("run"), os.W_OK):
        write("run", 2)
        write("run", 0)


class Working:
    """KSM as a configuration has it, for as long as the context lasts. Without one of KSM's configurations: nothing."""

    def __init__(self, configuration, usage, budget, interval):
        self.configuration, self.tuner = configuration, None
        if configuration == TUNED:
            self.tuner = Tuner(usage, budget, interval)

    def __enter__(self):
        if self.configuration not in (ON, TUNED, ADVISOR):
            return self
        unmerge()
        write("sleep_millisecs", {ON: 0, TUNED: Tuner.SLEEP, ADVISOR: 20}[self.configuration])
        if read("advisor_mode") is not None:
            write("advisor_mode", "none")
        if self.configuration == ON:
            write("pages_to_scan", 5000)
            write("run", 1)
        elif self.configuration == ADVISOR:
            write("advisor_mode", "scan-time")
            write("run", 1)
        else:
            self.tuner.start()
        return self

    def __exit__(self, *_):
        if self.tuner:
            self.tuner.stop()
        if self.configuration in (ON, TUNED, ADVISOR):
            if read("advisor_mode") is not None:
                write("advisor_mode", "none")
            write("run", 0)


def merged():
    """Bytes that merging saves now, as the kernel counts: pages that would be there besides."""
    return int(read("pages_sharing") or 0) * os.sysconf("SC_PAGE_SIZE")


def wait_for_scans(count, seconds):
    """Until KSM has looked at everything so often, or the time is up."""
    end, first = time.monotonic() + seconds, int(read("full_scans") or 0)
    while time.monotonic() < end and int(read("full_scans") or 0) < first + count:
        time.sleep(0.2)
