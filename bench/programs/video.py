#!/usr/bin/env python3
"""FFmpeg and x264 in a compartment against their native twins (the same sources, options and C library), with and without the
assembly for nasm, and against the machine's own ffmpeg, with assembly, if there is one. One interleaved run; processor
seconds, which other load on the machine disturbs least, and frames a second with two threads. The tables go to standard
output and to BUILD/bench/video.md.

Usage: video.py [BUILD]    BENCH_ROUNDS (default 5)   BENCH_FRAMES a run (default 150)   BENCH_ONLY "decode H.264;scale, bicubic"
BENCH_KINDS "native assembly;orc assembly" (of native, orc, native assembly, orc assembly, machine) """

import os
import platform
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SIZE, SCALED = "640x360", "426x240"
DISCARD = ["-f", "null", "-"]
# Workload: threads, input, what's done with it.
WORKLOADS = {
    "decode H.264": (1, "h264.mp4", DISCARD),
    "decode MPEG-4": (1, "mpeg4.mkv", DISCARD),
    "decode Motion JPEG": (1, "mjpeg.mkv", DISCARD),
    "encode x264 veryfast": (1, "raw.nut", ["-c:v", "libx264", "-preset", "veryfast", *DISCARD]),
    "encode MPEG-4": (1, "raw.nut", ["-c:v", "mpeg4", "-b:v", "1M", *DISCARD]),
    "encode Motion JPEG": (1, "raw.nut", ["-c:v", "mjpeg", "-q:v", "5", *DISCARD]),
    "scale, bicubic": (1, "raw.nut", ["-vf", f"scale={SCALED}", *DISCARD]),
    "H.264 to x264 veryfast, smaller": (1, "h264.mp4", ["-vf", f"scale={SCALED}", "-c:v", "libx264", "-preset", "veryfast", *DISCARD]),
    "decode H.264, 2 threads": (2, "h264.mp4", DISCARD),
    "encode x264 veryfast, 2 threads": (2, "raw.nut", ["-c:v", "libx264", "-preset", "veryfast", *DISCARD]),
}
SEGMENTS = {
    "raw.nut": ["-c:v", "rawvideo", "-pix_fmt", "yuv420p"],
    "h264.mp4": ["-c:v", "libx264", "-preset", "medium", "-b:v", "1500k"],
    "mpeg4.mkv": ["-c:v", "mpeg4", "-b:v", "1500k"],
    "mjpeg.mkv": ["-c:v", "mjpeg", "-q:v", "5", "-pix_fmt", "yuvj420p"],
}


HEADS = {"native": "native C", "orc": "compartment, C", "native assembly": "native, assembly", "orc assembly": "compartment, assembly", "machine": "the machine's ffmpeg"}
# Whose speed is set against whose.
PAIRS = [("orc", "native"), ("orc assembly", "native assembly"), ("orc assembly", "machine"), ("orc assembly", "orc")]


def chosen(variable, all_of_them):
    wanted = [name.strip() for name in os.environ.get(variable, "").split(";") if name.strip()]
    if unknown := set(wanted) - set(all_of_them):
        sys.exit(f"{variable}: {'; '.join(sorted(unknown))}: not among {'; '.join(all_of_them)}")
    return [name for name in all_of_them if not wanted or name in wanted]


class Bench:
    def __init__(self, build):
        kinds = chosen("BENCH_KINDS", list(HEADS))
        self.build = build
        self.work = tempfile.mkdtemp(prefix="orc-bench-")
        self.frames = int(os.environ.get("BENCH_FRAMES", "150"))
        self.rounds = int(os.environ.get("BENCH_ROUNDS", "5"))
        self.programs = {kind: self.program(kind) for kind in kinds if kind != "machine" or shutil.which("ffmpeg")}
        if len(self.programs) < 2:
            sys.exit("BENCH_KINDS: there's nothing to compare; `machine` needs an ffmpeg installed")

    def program(self, kind):
        port = "ffmpeg" if "assembly" in kind else "ffmpeg-c"
        if kind == "machine":
            return [shutil.which("ffmpeg")]
        return self.confined(port) if kind.startswith("orc") else [self.port(port, "--native") + "/bin/ffmpeg"]

    def confined(self, name):
        port = self.port(name)
        return [os.path.join(self.build, "bin/orc"), "run", "--lib", port + "/lib", "--mount", f"{self.work}:{self.work}", port + "/bin/ffmpeg"]

    def port(self, *arguments):
        command = [os.path.join(TOP, "ports/build"), *arguments]
        return subprocess.run(command, env={**os.environ, "BUILD": self.build}, stdout=subprocess.PIPE, check=True, text=True).stdout.strip()

    def ffmpeg(self, kind, *arguments):
        """Runs it; (processor seconds, seconds, frames): its own account for the time, of what it did after it was loaded."""
        command = [*self.programs[kind], "-nostdin", "-hide_banner", "-benchmark", "-y", *arguments]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=900, check=False, text=True, errors="replace")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)}: status {done.returncode}\n{done.stderr[-2000:]}")
        elapsed = float(re.search(r"rtime=([\d.]+)s", done.stderr).group(1))
        frames = int(re.findall(r"frame= *(\d+)", done.stderr)[-1])
        return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, elapsed, frames

    def make_segments(self):
        for name, options in SEGMENTS.items():
            source = f"mandelbrot=size={SIZE}:rate=25" # much detail, much motion, and no two frames alike
            self.ffmpeg(list(self.programs)[0], "-f", "lavfi", "-i", source, "-frames:v", str(self.frames), *options, os.path.join(self.work, name))

    def start_cost(self, kind):
        """Processor seconds to start and stop: what loading and verifying takes, which isn't the workload's."""
        return min(self.ffmpeg(kind, "-f", "lavfi", "-i", "color=size=16x16", "-frames:v", "1", *DISCARD)[0] for _ in range(3))

    def measure(self, workloads):
        start = {kind: self.start_cost(kind) for kind in self.programs}
        results = {}
        for number in range(self.rounds):
            kinds = list(self.programs) if number % 2 == 0 else list(self.programs)[::-1]
            for name in workloads:
                threads, source, what = WORKLOADS[name]
                for kind in kinds:
                    processor, elapsed, frames = self.ffmpeg(kind, "-threads", str(threads), "-i", os.path.join(self.work, source), "-threads", str(threads), *what)
                    if frames != self.frames:
                        sys.exit(f"{name} ({kind}): {frames} frames in place of {self.frames}")
                    cost = elapsed if threads > 1 else processor - start[kind]
                    results.setdefault(name, {}).setdefault(kind, []).append(cost / frames * 1000)
            print(f"round {number + 1} of {self.rounds}", file=sys.stderr)
        return results


def table(results, kinds):
    pairs = [pair for pair in PAIRS if set(pair) <= set(kinds)]
    lines = ["| milliseconds a frame (median) | " + " | ".join(HEADS[kind] for kind in kinds) + " |", "|---|" + "---:|" * len(kinds)]
    for name, times in results.items():
        lines.append(f"| {name} | " + " | ".join(f"{statistics.median(times[kind]):.2f}" for kind in kinds) + " |")
    lines += ["", "| speed, from the fastest runs and from medians | " + " | ".join(f"{HEADS[a]} / {HEADS[b]}" for a, b in pairs) + " |", "|---|" + "---:|" * len(pairs)]
    for name, times in results.items():
        cells = [f"{min(times[b]) / min(times[a]):.2f}, {statistics.median(times[b]) / statistics.median(times[a]):.2f}" for a, b in pairs]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    means = [[statistics.geometric_mean(of(times[b]) / of(times[a]) for times in results.values()) for of in (min, statistics.median)] for a, b in pairs]
    lines.append("| **geometric mean** | " + " | ".join(f"**{fastest:.2f}, {median:.2f}**" for fastest, median in means) + " |")
    return "\n".join(lines) + "\n"


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "unknown processor")
    return f"{model}, {os.cpu_count()} processors, Linux {platform.release()}; load average {os.getloadavg()[0]:.1f}"


def main():
    build = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(TOP, "build"))
    wanted = chosen("BENCH_ONLY", list(WORKLOADS))
    bench = Bench(build)
    try:
        bench.make_segments()
        results = bench.measure(wanted)
    finally:
        shutil.rmtree(bench.work)
    text = f"{SIZE}, {bench.frames} frames, {bench.rounds} rounds, on {machine()}.\nOne thread: processor time. Two threads: time on the clock.\n\n" + table(results, list(bench.programs))
    os.makedirs(os.path.join(build, "bench"), exist_ok=True)
    with open(os.path.join(build, "bench/video.md"), "w", encoding="utf-8") as out:
        out.write(text)
    print(text)


if __name__ == "__main__":
    main()
