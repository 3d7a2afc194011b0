#!/usr/bin/env python3
"""The evaluation's plots, as SVG and PNG, from its CSV files, by gnuplot.

Usage: plots.py DIRECTORY"""

import subprocess
import sys

import ksm
from crowd import CONFIGURATIONS, IMAGES, ORC, PRIVATE, SHARED, ZYGOTE
from report import median, short, title_of
from results import Results

# Told apart by those who see fewer colours, too; one for each configuration in every plot.
COLORS = {SHARED: "#999999", IMAGES: "#000000", ksm.OFF: "#a6611a", ksm.ON: "#e69f00", ksm.TUNED: "#cc79a7", ksm.ADVISOR: "#d55e00", PRIVATE: "#56b4e9",
          ORC: "#0072b2", ZYGOTE: "#009e73"}
DASHES = {SHARED: 2, IMAGES: 3, ksm.OFF: 4, PRIVATE: 5}
COMMON = """
set style line 100 lc rgb "#d8d8d8" lw 0.6
set border 3 lc rgb "#444444" lw 1
set tics nomirror out scale 0.6
set grid ytics ls 100
set key outside right center Left reverse samplen 2 spacing 1.15 width 1
"""


def line_style(name):
    width = 3 if name.startswith("orc") and name != PRIVATE else 1.8
    return f'lc rgb "{COLORS.get(name, "#777777")}" lw {width} dt {DASHES.get(name, 1)}'


def block(name, rows):
    """Inline data. Texts are quoted."""
    lines = [" ".join(f'"{value}"' if isinstance(value, str) else f"{value:g}" for value in row) for row in rows]
    return f"${name} << EOD\n" + "\n".join(lines) + "\nEOD\n"


def draw(results, name, width, height, script):
    for terminal, suffix in ((f"svg size {width},{height} dynamic font 'DejaVu Sans,12' background '#ffffff'", "svg"),
                             (f"pngcairo size {width * 3 // 2},{height * 3 // 2} fontscale 1.5 linewidth 1.5 font 'DejaVu Sans,8' background '#ffffff'", "png")):
        text = f"set encoding utf8\nset terminal {terminal}\nset output '{results.path(name)}.{suffix}'\n{COMMON}{script}\n"
        done = subprocess.run(["gnuplot"], input=text.encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=120)
        if done.returncode != 0:
            raise OSError(f"gnuplot, {name}: {done.stderr.decode()[-400:]}")


def curves(data, using):
    return "plot " + ", ".join(f'${name.replace("-", "_")} using {using} with lines {line_style(name)} title "{short(name)}"' for name in data)


# --- Over time ---

def held(rows, end):
    """The last value lasts."""
    return rows + [(end, *rows[-1][1:])] if rows else rows


def throughput(results, workload):
    names = results.values("series", "configuration", workload=workload)
    end = max(row["seconds"] for row in results.rows("series", workload=workload))
    data = {name: held([(row["seconds"], row["per_second"], row["mib"]) for row in results.rows("series", workload=workload, configuration=name)], end) for name in names}
    budget = results.rows("density", workload=workload)
    unit = results.rows("machine", what=f"unit of {workload}")
    script = "".join(block(name.replace("-", "_"), rows) for name, rows in data.items())
    script += f"""
set multiplot layout 2,1
set xrange [0:{end:g}]
set yrange [0:*]
set lmargin 10
set rmargin 34
set title "{title_of(workload)}: throughput and memory while tenants are added"
set ylabel "{unit[0]['value'] if unit else 'answers'} a second"
{curves(data, '1:2')}
unset title
set ylabel "memory, MiB"
set xlabel "seconds"
set nokey
"""
    if budget:
        script += f'set arrow from 0,{budget[0]["budget_mib"]:g} to {end:g},{budget[0]["budget_mib"]:g} nohead dt 3 lc rgb "#444444"\n'
        script += f'set label "budget" at {end:g},{budget[0]["budget_mib"]:g} offset 0.5,0\nset yrange [0:{budget[0]["budget_mib"] * 1.1:g}]\n'
    draw(results, f"throughput-{workload}", 900, 620, script + curves(data, "1:3") + "\nunset multiplot\n")


def saving(results, workload):
    names = results.values("saving", "configuration", workload=workload)
    end = max(row["seconds"] for row in results.rows("saving", workload=workload))
    data = {name: held([(row["seconds"], row["saved_mib"]) for row in results.rows("saving", workload=workload, configuration=name)], end) for name in names}
    script = "".join(block(name.replace("-", "_"), rows) for name, rows in data.items())
    tenants = results.rows("settle", workload=workload)[0]["tenants"]
    script += f"""
set title "{title_of(workload)}: memory saved for {tenants:g} tenants, from the moment when all have answered"
set xrange [0:{end:g}]
set ylabel "MiB"
set xlabel "seconds"
"""
    draw(results, f"saving-{workload}", 900, 360, script + curves(data, "1:2"))


# --- Bars ---

def bars(names, columns, first=2):
    return "plot " + ", ".join(f'$data using {first + i}:xtic(1) lc rgb "{COLORS.get(name, "#777777")}" title "{short(name)}"' for i, name in enumerate(names)) if columns else ""


BARS = """
set style data histograms
set style histogram clustered gap 1.2
set style fill solid 0.9 noborder
set xtics scale 0
set yrange [0:*]
"""


def density(results):
    names = [name for name in CONFIGURATIONS if results.rows("density", configuration=name)]
    rows = []
    for workload in results.values("density", "workload"):
        base = results.one("density", workload=workload, configuration=ksm.OFF)
        found = [results.one("density", workload=workload, configuration=name) for name in names]
        if base:
            rows.append((title_of(workload), *(row["tenants"] / base["tenants"] if row else 0 for row in found)))
    if rows:
        draw(results, "density", 1150, 380, block("data", rows) + BARS + 'set title "Tenants in the budget at the end, against KSM off"\nset ylabel "times as many"\n' + bars(names, rows))


def latency(results):
    names = results.values("latency", "configuration")
    operations = results.values("latency", "operation")
    script = ""
    for field, title, unit in (("p99_ms", "p99", "ms"), ("per_second", "throughput", "requests a second")):
        rows = [(operation, *(median(results, field, operation=operation, configuration=name) for name in names)) for operation in operations]
        script += block("data", rows) + BARS + f'set title "Redis under load while de-duplication works: {title}"\nset ylabel "{unit}"\n' + bars(names, rows) + "\nset nokey\n"
    draw(results, "latency", 900, 620, f"set multiplot layout 2,1\nset lmargin 12\nset rmargin 34\n{script}unset multiplot\n")


def scaling(results):
    script, workloads = "", results.values("scaling", "workload")
    for workload in workloads:
        names = results.values("scaling", "configuration", workload=workload)
        data = {name: [(row["tenants"], row["mib"] * 1024 / row["tenants"]) for row in results.rows("scaling", workload=workload, configuration=name)] for name in names}
        script += "".join(block(name.replace("-", "_"), rows) for name, rows in data.items())
        script += f'set title "{title_of(workload)}: memory of each"\nset ylabel "KiB"\nset xlabel "tenants"\nset logscale xy\nset yrange [*:*]\n'
        script += curves(data, "1:2").replace("with lines", "with linespoints pt 7 ps 0.6") + "\n"
    draw(results, "scaling", 900, 310 * len(workloads), f"set multiplot layout {len(workloads)},1\n{script}unset multiplot\n")


def draw_all(results):
    for workload in results.values("series", "workload"):
        throughput(results, workload)
    for workload in results.values("saving", "workload"):
        saving(results, workload)
    for table, plot in (("density", density), ("latency", latency), ("scaling", scaling)):
        if results.rows(table):
            plot(results)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: plots.py DIRECTORY")
    draw_all(Results(sys.argv[1]))
