"""What the kernel says of this machine and of processes: CPU time, steal, memory, affinity."""
import mmap
import os
import pathlib
import resource
import socket

PROC = pathlib.Path("/proc")


def cpus():
    """The CPU of the proxy, and that of upstream and load. The same one when there is only one."""
    allowed = sorted(os.sched_getaffinity(0))
    return (allowed[1] if len(allowed) > 1 else allowed[0]), allowed[0]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def family(pid):
    """A process and its children, as far as they live."""
    found = [pid]
    for task in _listed(PROC / str(pid) / "task"):
        for child in _read(task / "children").split():
            found += family(int(child))
    return found


def cpu_ns(pid):
    """CPU time of all threads that live, of the process and its children, in nanoseconds."""
    total = 0
    for each in family(pid):
        for task in _listed(PROC / str(each) / "task"):
            total += int((_read(task / "schedstat").split() or ["0"])[0])
    return total


def resident_bytes(pid):
    total = 0
    for each in family(pid):
        for line in _read(PROC / str(each) / "smaps_rollup").splitlines():
            if line.startswith("Rss:"):
                total += int(line.split()[1]) * 1024
    return total


def resident_bytes_but(pid, ending):
    """Resident bytes without the files of such names that are mapped."""
    total, counts = 0, True
    for each in family(pid):
        for line in _read(PROC / str(each) / "smaps").splitlines():
            word = line.split(maxsplit=1)[0]
            if not word.endswith(":"):  # a mapping begins
                counts = not line.endswith(ending)
            elif word == "Rss:" and counts:
                total += int(line.split()[1]) * 1024
    return total


def pin(pid, cpu):
    """Moves every thread of a process and its children to one CPU."""
    for each in family(pid):
        for task in _listed(PROC / str(each) / "task"):
            os.sched_setaffinity(int(task.name), {cpu})


def model():
    for line in _read(PROC / "cpuinfo").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown"


def touch_memory(most=2 << 30):
    """Writes to a part of what is free, once: in a virtual machine the first touch of a page is the host's work, microseconds
    of it, and would be put down to whoever happens to need a page, which is mostly who writes a log."""
    free = [int(line.split()[1]) * 1024 for line in _read(PROC / "meminfo").splitlines() if line.startswith("MemFree:")]
    size = min(most, sum(free) // 2)
    if size < 1 << 20:
        return
    with mmap.mmap(-1, size) as memory:
        for page in range(0, size, mmap.PAGESIZE):
            memory[page] = 1


class Interference:
    """How much of the machine somebody else had, between two moments."""

    def __init__(self, pids):
        self.pids = pids
        self.before = self._now()

    def _now(self):
        fields = [int(n) for n in _read(PROC / "stat").split("\n", 1)[0].split()[1:9]]
        user, nice, system, idle, iowait, irq, softirq, steal = fields
        busy = user + nice + system + irq + softirq
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        own = resource.getrusage(resource.RUSAGE_SELF)
        ours = sum(cpu_ns(pid) for pid in self.pids) / 1e9
        ours += ended.ru_utime + ended.ru_stime + own.ru_utime + own.ru_stime
        return {"busy": busy, "all": busy + idle + iowait + steal, "steal": steal, "ours": ours}

    def shares(self):
        """(stolen by the host, used by processes that are not ours), as shares of all CPU time."""
        now = self._now()
        change = {key: now[key] - self.before[key] for key in now}
        ticks = max(1, change["all"])
        ours = change["ours"] * os.sysconf("SC_CLK_TCK")
        return change["steal"] / ticks, max(0.0, change["busy"] - ours) / ticks


def _read(path):
    try:
        return path.read_text()
    except OSError:  # it ended meanwhile
        return ""


def _listed(path):
    try:
        return list(path.iterdir())
    except OSError:
        return []
