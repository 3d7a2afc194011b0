/* A report's forms: tables for people, JSON and Prometheus text for programs. */
#include <inttypes.h>
#include <string.h>

#include "cell_report.h"

#define SECOND 1e9
#define KIB(bytes) ((bytes) >> 10)

static void print_seconds(FILE *out, uint64_t nanoseconds) {
    fprintf(out, "%10.2f", (double)nanoseconds / SECOND);
}

void cells_print_compartments(FILE *out, const struct cell_report *cells, size_t count) {
    fprintf(out, "%7s %-31s %-7s %7s %10s %12s %12s\n", "CELL", "NAME", "STATE", "THREADS", "CPU s",
            "PRIVATE KiB", "SHARED KiB");
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < cells[i].compartment_count; j++) {
            const struct compartment_report *c = &cells[i].compartments[j];
            fprintf(out, "%7d %-31s %-7s %7u ", (int)cells[i].pid, c->name,
                    c->statistics.running ? "running" : "ended", c->statistics.threads);
            print_seconds(out, c->statistics.processor_time);
            fprintf(out, " %12" PRIu64 " %12" PRIu64 "\n", KIB(c->statistics.resident),
                    KIB(c->statistics.shared));
        }
}

static void print_statistics(FILE *out, const struct cell_report *cell) {
    for (size_t j = 0; j < cell->compartment_count; j++) {
        const struct compartment_report *c = &cell->compartments[j];
        const struct orc_statistics *s = &c->statistics;
        fprintf(out,
                "%s (cell %d, %s)\n"
                "  processor time  %.3f s (user %.3f, system %.3f)\n"
                "  memory          %" PRIu64 " KiB mapped of %" PRIu64 " KiB, %" PRIu64
                " KiB private, %" PRIu64 " KiB shared\n"
                "  objects' data   %" PRIu64 " KiB written, %" PRIu64 " KiB as in the object\n"
                "  page tables     %" PRIu64 " KiB\n"
                "  threads         %u\n"
                "  handles         %u\n"
                "  objects         %u, %" PRIu64 " KiB registered\n"
                "  hostcalls       %" PRIu64 "\n",
                c->name, (int)cell->pid, s->running ? "running" : "ended", (double)s->processor_time / SECOND,
                (double)s->user_time / SECOND, (double)s->system_time / SECOND, KIB(s->memory),
                KIB(s->memory_limit), KIB(s->resident), KIB(s->shared), KIB(s->cls_written),
                KIB(s->cls - s->cls_written), KIB(s->page_tables), s->threads, s->handles, s->objects,
                KIB(s->registered), s->hostcalls);
    }
}

static void print_totals(FILE *out, const struct cell_report *cell) {
    const struct cell_totals totals = cell_totals(cell);
    fprintf(out,
            "cell %d (%s)\n"
            "  compartments    %zu\n"
            "  memory          %" PRIu64 " KiB private, %" PRIu64 " KiB in objects; sharing saves %" PRIu64
            " KiB\n",
            (int)cell->pid, cell->program, cell->compartment_count, KIB(totals.private), KIB(totals.objects),
            KIB(totals.saved));
    if (cell->memory)
        fprintf(out,
                "  process         %" PRIu64 " KiB, %" PRIu64 " KiB of that its own\n"
                "  page tables     %" PRIu64 " KiB besides, %" PRIu64 " KiB of that the compartments'\n",
                KIB(cell->memory), KIB(totals.own), KIB(cell->page_tables), KIB(totals.page_tables));
}

void cells_print_statistics(FILE *out, const struct cell_report *cells, size_t count) {
    for (size_t i = 0; i < count; i++) {
        print_statistics(out, &cells[i]);
        if (cells[i].compartment_count > 0)
            print_totals(out, &cells[i]);
    }
}

static void print_hash(FILE *out, const uint8_t *hash, size_t bytes) {
    for (size_t i = 0; i < bytes; i++)
        fprintf(out, "%02x", hash[i]);
}

void cells_print_objects(FILE *out, const struct cell_report *cells, size_t count) {
    fprintf(out, "%7s %-12s %-32s %10s %9s %6s %10s\n", "CELL", "HASH", "NAME", "BASE", "SIZE KiB", "USERS",
            "SAVED KiB");
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < cells[i].object_count; j++) {
            const struct orc_object_statistics *o = &cells[i].objects[j];
            fprintf(out, "%7d ", (int)cells[i].pid);
            print_hash(out, o->hash, 6);
            fprintf(out, " %-32s 0x%08x %9u %6u %10" PRIu64 "\n", o->name, o->base, KIB(o->size), o->users,
                    KIB(object_saving(o)));
        }
}

/* Names hold printable ASCII only. */
static void print_json_string(FILE *out, const char *text) {
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void print_json_compartment(FILE *out, const struct compartment_report *compartment) {
    const struct orc_statistics *s = &compartment->statistics;
    fputs("{\"name\": ", out);
    print_json_string(out, compartment->name);
    fprintf(
        out,
        ", \"state\": \"%s\", \"threads\": %u, \"handles\": %u, \"objects\": %u, \"processor_seconds\": %.9f"
        ", \"user_seconds\": %.9f, \"system_seconds\": %.9f, \"memory_bytes\": %" PRIu64
        ", \"memory_limit_bytes\": %" PRIu64 ", \"private_bytes\": %" PRIu64 ", \"shared_bytes\": %" PRIu64
        ", \"cls_dirty_bytes\": %" PRIu64 ", \"cls_clean_bytes\": %" PRIu64 ", \"page_table_bytes\": %" PRIu64
        ", \"registered_bytes\": %" PRIu64 ", \"hostcalls\": %" PRIu64 "}",
        s->running ? "running" : "ended", s->threads, s->handles, s->objects,
        (double)s->processor_time / SECOND, (double)s->user_time / SECOND, (double)s->system_time / SECOND,
        s->memory, s->memory_limit, s->resident, s->shared, s->cls_written, s->cls - s->cls_written,
        s->page_tables, s->registered, s->hostcalls);
}

static void print_json_object(FILE *out, const struct orc_object_statistics *object) {
    fputs("{\"hash\": \"", out);
    print_hash(out, object->hash, sizeof object->hash);
    fputs("\", \"name\": ", out);
    print_json_string(out, object->name);
    fprintf(
        out,
        ", \"base\": %u, \"size_bytes\": %u, \"shared_bytes\": %u, \"users\": %u, \"saved_bytes\": %" PRIu64
        "}",
        object->base, object->size, object->shared, object->users, object_saving(object));
}

static void print_json_cell(FILE *out, const struct cell_report *cell, bool compartments, bool objects) {
    fprintf(out, "  {\"cell\": %d, \"program\": ", (int)cell->pid);
    print_json_string(out, cell->program);
    const struct cell_totals totals = cell_totals(cell);
    fprintf(out,
            ", \"age_seconds\": %.3f, \"private_bytes\": %" PRIu64 ", \"object_bytes\": %" PRIu64
            ", \"saved_bytes\": %" PRIu64 ", \"process_bytes\": %" PRIu64 ", \"page_table_bytes\": %" PRIu64,
            (double)cell->age / SECOND, totals.private, totals.objects, totals.saved, cell->memory,
            cell->page_tables);
    if (compartments) {
        fputs(", \"compartments\": [", out);
        for (size_t i = 0; i < cell->compartment_count; i++) {
            fputs(i ? ",\n    " : "\n    ", out);
            print_json_compartment(out, &cell->compartments[i]);
        }
        fputs("]", out);
    }
    if (objects) {
        fputs(", \"objects\": [", out);
        for (size_t i = 0; i < cell->object_count; i++) {
            fputs(i ? ",\n    " : "\n    ", out);
            print_json_object(out, &cell->objects[i]);
        }
        fputs("]", out);
    }
    fputs("}", out);
}

void cells_print_json(FILE *out, const struct cell_report *cells, size_t count, bool compartments,
                      bool objects) {
    fputs("[\n", out);
    for (size_t i = 0; i < count; i++) {
        print_json_cell(out, &cells[i], compartments, objects);
        fputs(i + 1 < count ? ",\n" : "\n", out);
    }
    fputs("]\n", out);
}

/* --- Prometheus: https://prometheus.io/docs/instrumenting/exposition_formats/ --- */

static double processor_seconds(const struct orc_statistics *s) {
    return (double)s->processor_time / SECOND;
}
static double private_bytes(const struct orc_statistics *s) {
    return (double)s->resident;
}
static double shared_bytes(const struct orc_statistics *s) {
    return (double)s->shared;
}
static double cls_dirty_bytes(const struct orc_statistics *s) {
    return (double)s->cls_written;
}
static double cls_clean_bytes(const struct orc_statistics *s) {
    return (double)(s->cls - s->cls_written);
}
static double page_table_bytes(const struct orc_statistics *s) {
    return (double)s->page_tables;
}
static double mapped_bytes(const struct orc_statistics *s) {
    return (double)s->memory;
}
static double memory_limit(const struct orc_statistics *s) {
    return (double)s->memory_limit;
}
static double thread_count(const struct orc_statistics *s) {
    return s->threads;
}
static double handle_count(const struct orc_statistics *s) {
    return s->handles;
}
static double hostcall_count(const struct orc_statistics *s) {
    return (double)s->hostcalls;
}

static const struct {
    const char *name, *type, *help;
    double (*value)(const struct orc_statistics *statistics);
} metrics[] = {
    {"orc_compartment_cpu_seconds_total", "counter", "Processor time of all threads.", processor_seconds},
    {"orc_compartment_private_bytes", "gauge", "Memory of the compartment's own.", private_bytes},
    {"orc_compartment_shared_bytes", "gauge", "Memory of objects that it can share.", shared_bytes},
    {"orc_compartment_cls_dirty_bytes", "gauge",
     "Objects' data that it has written, part of its private memory.", cls_dirty_bytes},
    {"orc_compartment_cls_clean_bytes", "gauge", "Objects' data that it hasn't written, and shares.",
     cls_clean_bytes},
    {"orc_compartment_page_table_bytes", "gauge", "Page tables for its pages.", page_table_bytes},
    {"orc_compartment_mapped_bytes", "gauge", "Memory that it has mapped.", mapped_bytes},
    {"orc_compartment_mapped_limit_bytes", "gauge", "Memory that it may map.", memory_limit},
    {"orc_compartment_threads", "gauge", "Threads.", thread_count},
    {"orc_compartment_handles", "gauge", "Entries of its capability list.", handle_count},
    {"orc_compartment_hostcalls_total", "counter", "Calls of the Intravisor.", hostcall_count},
};

static void print_compartment_metric(FILE *out, const struct cell_report *cells, size_t count,
                                     size_t metric) {
    fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", metrics[metric].name, metrics[metric].help,
            metrics[metric].name, metrics[metric].type);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < cells[i].compartment_count; j++) {
            fprintf(out, "%s{cell=\"%d\",compartment=", metrics[metric].name, (int)cells[i].pid);
            print_json_string(out, cells[i].compartments[j].name);
            fprintf(out, "} %.15g\n", metrics[metric].value(&cells[i].compartments[j].statistics));
        }
}

static void print_object_metric(FILE *out, const struct cell_report *cells, size_t count, const char *name,
                                const char *help, bool savings) {
    fprintf(out, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < cells[i].object_count; j++) {
            const struct orc_object_statistics *o = &cells[i].objects[j];
            fprintf(out, "%s{cell=\"%d\",object=", name, (int)cells[i].pid);
            print_json_string(out, o->name);
            fputs(",hash=\"", out);
            print_hash(out, o->hash, 6);
            fprintf(out, "\"} %" PRIu64 "\n", savings ? object_saving(o) : o->users);
        }
}

static void print_cell_metric(FILE *out, const struct cell_report *cells, size_t count, const char *name,
                              const char *help, bool page_tables) {
    fprintf(out, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%s{cell=\"%d\"} %" PRIu64 "\n", name, (int)cells[i].pid,
                page_tables ? cells[i].page_tables : cells[i].memory);
}

void cells_print_metrics(FILE *out, const struct cell_report *cells, size_t count) {
    fputs("# HELP orc_compartments Compartments of the cell.\n# TYPE orc_compartments gauge\n", out);
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "orc_compartments{cell=\"%d\",program=", (int)cells[i].pid);
        print_json_string(out, cells[i].program);
        fprintf(out, "} %zu\n", cells[i].compartment_count);
    }
    print_cell_metric(out, cells, count, "orc_cell_memory_bytes",
                      "Memory of the process, page tables excluded.", false);
    print_cell_metric(out, cells, count, "orc_cell_page_table_bytes", "Its page tables.", true);
    for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++)
        print_compartment_metric(out, cells, count, i);
    print_object_metric(out, cells, count, "orc_object_users", "Compartments that use the object.", false);
    print_object_metric(out, cells, count, "orc_object_saved_bytes", "Memory that sharing the object saves.",
                        true);
}
