"""The evaluation's results: tables in files, one CSV each, that the report and the plots are made from."""

import csv
import os

FIELDS = {
    "machine": ("what", "value"),
    "series": ("workload", "configuration", "seconds", "tenants", "mib", "per_second", "ksm_cpu_seconds", "ksm_merged_mib"),
    "density": ("workload", "configuration", "budget_mib", "tenants", "tenants_when_first_full", "seconds", "ksm_cpu_seconds", "is_all"),
    "settle": ("workload", "configuration", "tenants", "start_seconds", "saved_mib", "saved_at_last_answer_mib", "seconds_to_90", "cpu_to_90", "watched_seconds", "cpu_seconds"),
    "saving": ("workload", "configuration", "seconds", "saved_mib"),
    "latency": ("configuration", "round", "operation", "per_second", "p50_ms", "p99_ms", "p999_ms", "ksm_cpu_seconds"),
    "speed": ("configuration", "round", "per_second"),
    "scaling": ("workload", "configuration", "tenants", "start_seconds", "mib", "serve_seconds"),
}


def number(text):
    try:
        return float(text)
    except ValueError:
        return text


class Results:
    def __init__(self, directory):
        self.directory = directory
        self.tables = {}

    def path(self, name):
        return os.path.join(self.directory, name)

    def clear(self):
        """For a new run: no row of an old one stays."""
        os.makedirs(self.directory, exist_ok=True)
        for name in os.listdir(self.directory):
            os.remove(self.path(name))

    def add(self, table, *row):
        """Written at once: an interrupted run leaves what it has measured."""
        if len(row) != len(FIELDS[table]):
            raise ValueError(f"{table}: {len(row)} values for {len(FIELDS[table])} fields")
        is_new = not os.path.exists(self.path(table + ".csv"))
        with open(self.path(table + ".csv"), "a", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            if is_new:
                writer.writerow(FIELDS[table])
            writer.writerow(round(value, 4) if isinstance(value, float) else value for value in row)

    def rows(self, table, **wanted):
        """As dictionaries, with numbers as numbers."""
        if table not in self.tables:
            self.tables[table] = self._read(table)
        return [row for row in self.tables[table] if all(row[field] == value for field, value in wanted.items())]

    def _read(self, table):
        if not os.path.exists(self.path(table + ".csv")):
            return []
        with open(self.path(table + ".csv"), encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != FIELDS[table]:
                raise ValueError(f"{table}.csv has other fields than {', '.join(FIELDS[table])}")
            return [{field: number(value) for field, value in row.items()} for row in reader]

    def one(self, table, **wanted):
        found = self.rows(table, **wanted)
        return found[0] if found else None

    def values(self, table, field, **wanted):
        """Of a field, each once, in the order in which they came."""
        return list(dict.fromkeys(row[field] for row in self.rows(table, **wanted)))
