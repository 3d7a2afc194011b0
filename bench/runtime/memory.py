"""What memory a command and its children use when they have said `ready`: as the memory cgroup counts it, page tables and
kernel structures included, where this user can make a cgroup (version 1 or 2); else from /proc."""

import os
import platform
import subprocess
import time


def machine():
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return f"{model}, {os.cpu_count()} processors, Linux {platform.release()}"


def own_group(controllers):
    """This process's cgroup in the hierarchy with the controller ("" for version 2)."""
    with open("/proc/self/cgroup", encoding="ascii") as file:
        for line in file:
            _, names, path = line.rstrip("\n").split(":", 2)
            if (controllers and controllers in names.split(",")) or (not controllers and not names):
                return path.lstrip("/")
    return None


def find_parent():
    """(version, directory beneath which groups can be made) or None."""
    for version, mount, controller in ((1, "/sys/fs/cgroup/memory", "memory"), (2, "/sys/fs/cgroup", ""), (2, "/sys/fs/cgroup/unified", "")):
        own = own_group(controller)
        if own is None:
            continue
        for parent in (os.path.join(mount, own), mount):
            has = os.path.join(parent, "memory.usage_in_bytes" if version == 1 else "cgroup.subtree_control")
            if not os.path.exists(has) or not os.access(parent, os.W_OK):
                continue
            if version == 1:
                return 1, parent
            try:
                with open(has, "w", encoding="ascii") as file:
                    file.write("+memory")
                return 2, parent
            except OSError:
                pass
    return None


PARENT = find_parent()


def method():
    if PARENT:
        return f"Memory as the memory cgroup (version {PARENT[0]}) counts it: pages, page tables and kernel structures charged to the group; the difference between many and 10, divided by how many more they are."
    return "Memory from /proc, since this user can make no memory cgroup: private pages and page tables of all processes, and 16 KiB of kernel stack a thread; other kernel structures aren't counted."


def read_number(path):
    with open(path, encoding="ascii") as file:
        return int(file.read())


def read_table(path):
    with open(path, encoding="ascii") as file:
        return {line.split()[0].rstrip(":"): int(line.split()[1]) for line in file if len(line.split()) >= 2 and line.split()[1].isdigit()}


def group_usage(version, group):
    stat = read_table(os.path.join(group, "memory.stat"))
    if version == 1:
        total = read_number(os.path.join(group, "memory.usage_in_bytes"))
        kernel = read_number(os.path.join(group, "memory.kmem.usage_in_bytes"))
        return {"total": total, "kernel": kernel, "anonymous": stat.get("rss", 0)}
    return {"total": read_number(os.path.join(group, "memory.current")), "kernel": stat.get("kernel", 0), "anonymous": stat.get("anon", 0),
            "page tables": stat.get("pagetables", 0)}


def children_of(pid):
    found = [pid]
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
                for child in file.read().split():
                    found += children_of(int(child))
        except OSError:
            pass
    return found


def process_usage(pid):
    result = {"total": 0, "page tables": 0, "kernel": 0, "anonymous": 0}
    for process in children_of(pid):
        rollup = read_table(f"/proc/{process}/smaps_rollup")
        status = read_table(f"/proc/{process}/status")
        private = (rollup.get("Private_Clean", 0) + rollup.get("Private_Dirty", 0)) * 1024
        tables, stacks = status.get("VmPTE", 0) * 1024, status.get("Threads", 1) * 16384
        result["total"] += private + tables + stacks
        result["page tables"] += tables
        result["kernel"] += tables + stacks
        result["anonymous"] += rollup.get("Anonymous", 0) * 1024
    return result


def page_tables(pid):
    return sum(read_table(f"/proc/{process}/status").get("VmPTE", 0) * 1024 for process in children_of(pid))


def measure(command, count):
    """Starts it, waits for `ready`, measures, and ends it."""
    group = None
    if PARENT:
        group = os.path.join(PARENT[1], f"orc-bench-{os.getpid()}-{time.monotonic_ns()}")
        os.mkdir(group)
    enter = (lambda: open(os.path.join(group, "cgroup.procs"), "w", encoding="ascii").write("0")) if group else None
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=enter)
    try:
        if process.stdout.readline() != b"ready\n":
            raise subprocess.SubprocessError(f"{' '.join(command)}: {count} could not be started")
        time.sleep(3)  # statistics are gathered in batches, and guest threads rest when they have waited for a second
        usage = group_usage(PARENT[0], group) if group else process_usage(process.pid)
        usage["page tables"] = page_tables(process.pid)
        return usage
    finally:
        process.stdin.close()
        process.wait()
        if group:
            remove(group)


def remove(group):
    for _ in range(100):
        try:
            os.rmdir(group)
            return
        except OSError:
            time.sleep(0.1)
