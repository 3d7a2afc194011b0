#!/usr/bin/env python3
"""The evaluation's report, in Markdown, from its CSV files.

Usage: report.py DIRECTORY"""

import statistics
import sys

import ksm
from crowd import CONFIGURATIONS, IMAGES, ORC, PRIVATE, SHARED, ZYGOTE
from results import Results
from workloads import WORKLOADS

MERGING = (ksm.ON, ksm.TUNED, ksm.ADVISOR)
ALONE = (ksm.OFF, IMAGES, PRIVATE)  # where nothing is shared


def title_of(workload):
    return WORKLOADS[workload].title if workload in WORKLOADS else workload


def short(name):
    """For legends and cells."""
    return {SHARED: "processes, one installation", IMAGES: "processes, an image each", ksm.OFF: "KSM off", ksm.ON: "KSM aggressive", ksm.TUNED: "KSM tuned",
            ksm.ADVISOR: "KSM advisor", PRIVATE: "compartments, not sharing", ORC: "ORC", ZYGOTE: "ORC, clones"}.get(name, CONFIGURATIONS.get(name, name))


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    return lines + ["| " + " | ".join(row) + " |" for row in rows] + [""]


def ratio(value, by, digits=2):
    return f"{value / by:.{digits}f}" if by else ""


class Goal:
    def __init__(self, what, value, limit, at_least, note=""):
        self.what, self.value, self.limit, self.at_least, self.note = what, value, limit, at_least, note

    @property
    def is_met(self):
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def row(self):
        verdict = "met" if self.is_met else "**missed**"
        return self.what, f"{self.value:.2f}", f"{'≥' if self.at_least else '≤'} {self.limit:g}", verdict + (f": {self.note}" if self.note else "")


# --- Goals ---

def best_of(results, workload, names):
    """The row with the most tenants among the configurations, or None."""
    found = [row for row in results.rows("density", workload=workload) if row["configuration"] in names]
    return max(found, key=lambda row: row["tenants"], default=None)


def density_goals(results):
    for workload in results.values("density", "workload"):
        ours = best_of(results, workload, [name for name in CONFIGURATIONS if name.startswith("orc") and name != PRIVATE])
        merged, alone = best_of(results, workload, MERGING), best_of(results, workload, (ksm.OFF,))
        name = title_of(workload)
        if ours and merged:
            yield Goal(f"{name}: tenants in the budget, ORC / best KSM ({short(merged['configuration'])})", ours["tenants"] / merged["tenants"], 1.5, True)
        if ours and alone:
            yield Goal(f"{name}: tenants in the budget, ORC / no de-duplication", ours["tenants"] / alone["tenants"], 3, True)


def settle_goals(results):
    for row in results.rows("settle"):
        if row["configuration"].startswith("orc") and row["saved_mib"] > 0:
            yield Goal(f"{title_of(row['workload'])}: share of the final saving that is there when the last tenant has answered, {short(row['configuration'])}",
                       row["saved_at_last_answer_mib"] / row["saved_mib"], 0.9, True)


def median(results, field, **wanted):
    values = [row[field] for row in results.rows("latency", **wanted)]
    return statistics.median(values) if values else None


def latency_goals(results):
    """Paired: each round has measured both."""
    for operation in results.values("latency", "operation"):
        pairs = [(row["p99_ms"], other["p99_ms"]) for row in results.rows("latency", operation=operation, configuration=ORC)
                 if (other := results.one("latency", operation=operation, configuration=PRIVATE, round=row["round"]))]
        if pairs:
            yield Goal(f"Redis {operation}: p99, sharing / not sharing (median of {len(pairs)} rounds' ratios)", statistics.median(a / b for a, b in pairs), 1.05, False)


def speed_goals(results):
    """Paired, too."""
    pairs = [(row["per_second"], other["per_second"]) for row in results.rows("speed", configuration=ORC)
             if (other := results.one("speed", configuration=SHARED, round=row["round"]))]
    if pairs:
        yield Goal(f"FFmpeg: frames a second of one transcoder, ORC / the same code natively (median of {len(pairs)} rounds' ratios)",
                   statistics.median(a / b for a, b in pairs), 0.93, True)


def goals(results):
    return [*speed_goals(results), *density_goals(results), *settle_goals(results), *latency_goals(results)]


# --- Sections ---

def machine_section(results):
    rows = [(row["what"], str(row["value"])) for row in results.rows("machine") if not row["what"].startswith("unit of ")]
    return ["## The machine", "", *table(("", ""), rows)]


def goal_section(results):
    found = goals(results)
    return ["## Goals", "", *table(("", "value", "goal", ""), [goal.row() for goal in found])] if found else []


def series_section(results):
    lines = ["## Throughput over time", "", "Tenants are added as memory allows. Each is given the same work each second.", ""]
    for workload in results.values("series", "workload"):
        lines += [f"![{title_of(workload)}](throughput-{workload}.svg)", ""]
    return lines


def density_section(results):
    lines = ["## Tenants in a fixed budget", "", "*At first*: when the budget was full for the first time; *at the end*: when nobody could be added any more.", ""]
    for workload in results.values("density", "workload"):
        rows = results.rows("density", workload=workload)
        off = results.one("density", workload=workload, configuration=ksm.OFF)
        body = [(CONFIGURATIONS[row["configuration"]], f"{row['tenants_when_first_full'] or row['tenants']:.0f}", f"{row['tenants']:.0f}" + ("+" if row["is_all"] else ""),
                 ratio(row["tenants"], off and off["tenants"]), f"{row['ksm_cpu_seconds']:.1f}", f"{row['seconds']:.0f}") for row in rows]
        lines += [f"**{title_of(workload)}**, {rows[0]['budget_mib']:.0f} MiB", "",
                  *table(("", "at first", "at the end", "of KSM off", "KSM's processor time, s", "after, s"), body)]
    if any(row["is_all"] for row in results.rows("density")):
        lines += ["A `+`: as many as the run was prepared for; more would have fit.", ""]
    return [*lines, "![density](density.svg)", ""]


def settle_section(results):
    lines = ["## Time and processor time until the saving is there", "",
             "A number of tenants starts; the saving is against what they would take with nothing shared. Seconds count from the last one's first answer.", ""]
    for workload in results.values("settle", "workload"):
        rows = results.rows("settle", workload=workload)
        body = [(CONFIGURATIONS[row["configuration"]], f"{row['start_seconds']:.1f}", f"{row['saved_at_last_answer_mib']:.0f}", f"{row['saved_mib']:.0f}", f"{row['seconds_to_90']:.1f}",
                 f"{row['cpu_to_90']:.2f}", f"{row['cpu_seconds']:.2f} in {row['watched_seconds']:.0f}" if row["watched_seconds"] else f"{row['cpu_seconds']:.2f}") for row in rows]
        lines += [f"**{title_of(workload)}**, {rows[0]['tenants']:.0f} tenants", "",
                  *table(("", "starting took, s", "saved when all had answered, MiB", "saved in the end, MiB", "90 % of that after, s", "processor time until then, s", "and in all, s"), body),
                  f"![saving](saving-{workload}.svg)", ""]
    return lines


def latency_section(results):
    names = results.values("latency", "configuration")
    lines = ["## Redis under load while de-duplication works", ""]
    for operation in results.values("latency", "operation"):
        base = {field: median(results, field, operation=operation, configuration=SHARED) for field in ("per_second", "p99_ms")}
        body = []
        for name in names:
            value = {field: median(results, field, operation=operation, configuration=name) for field in ("per_second", "p50_ms", "p99_ms", "p999_ms", "ksm_cpu_seconds")}
            body.append((CONFIGURATIONS[name], f"{value['per_second']:,.0f}", f"{value['p50_ms']:.2f}", f"{value['p99_ms']:.2f}", f"{value['p999_ms']:.2f}",
                         ratio(value["per_second"], base["per_second"]), ratio(value["p99_ms"], base["p99_ms"])))
        lines += [f"**{operation}**, medians of {len(results.rows('latency', operation=operation, configuration=names[0]))} rounds", "",
                  *table(("", "requests/s", "p50, ms", "p99, ms", "p99.9, ms", "requests / one installation's", "p99 / one installation's"), body)]
    return [*lines, "![latency](latency.svg)", ""]


def speed_section(results):
    body = [(CONFIGURATIONS[name], f"{statistics.median(values):,.1f}", f"{max(values):,.1f}") for name in results.values("speed", "configuration")
            for values in [[row["per_second"] for row in results.rows("speed", configuration=name)]]]
    return ["## A transcoder alone", "", *table(("", "frames/s, median", "fastest"), body)]


def scaling_section(results):
    lines = ["## From one tenant to a thousand", ""]
    for workload in results.values("scaling", "workload"):
        rows = results.rows("scaling", workload=workload)
        body = [(f"{row['tenants']:,.0f}", CONFIGURATIONS[row["configuration"]], f"{row['start_seconds']:.2f}", f"{row['mib']:,.0f}", f"{row['mib'] * 1024 / row['tenants']:,.0f}",
                 f"{row['serve_seconds'] * 1e6 / row['tenants']:,.0f}") for row in rows]
        lines += [f"**{title_of(workload)}**", "", *table(("tenants", "", "all up after, s", "MiB", "KiB each", "one served in, µs"), body)]
    return [*lines, "![scaling](scaling.svg)", ""]


SECTIONS = {"machine": machine_section, "density": density_section, "series": series_section, "settle": settle_section, "latency": latency_section, "scaling": scaling_section, "speed": speed_section}


def report(results):
    lines = ["# The evaluation", ""]
    for name in ("machine", "goals", "speed", "series", "density", "settle", "latency", "scaling"):
        if name == "goals":
            lines += goal_section(results)
        elif results.rows(name):
            lines += SECTIONS[name](results)
    return "\n".join(lines).rstrip("\n") + "\n"


def write_report(results):
    text = report(results)
    with open(results.path("report.md"), "w", encoding="utf-8") as file:
        file.write(text)
    return text


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: report.py DIRECTORY")
    print(write_report(Results(sys.argv[1])), end="")
