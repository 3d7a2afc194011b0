#include "cell_report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MOST_LINES 1000000
#define LONGEST_LINE 512

static void copy_name(char *target, size_t size, const char *name) {
    size_t i = 0;
    for (; name[i] && i + 1 < size; i++)
        target[i] = name[i] > ' ' && name[i] < 0x7f ? name[i] : '?';
    target[i] = 0;
}

/* Room for one more element behind `count`: doubled at powers of two. */
static void *grow(void *array, size_t count, size_t size) {
    if (count & (count - 1))
        return array;
    return reallocarray(array, count ? count * 2 : 1, size);
}

bool cell_report_add_compartment(struct cell_report *report, const char *name,
                                 const struct orc_statistics *statistics) {
    void *grown = grow(report->compartments, report->compartment_count, sizeof *report->compartments);
    if (!grown)
        return false;
    report->compartments = grown;
    struct compartment_report *added = &report->compartments[report->compartment_count++];
    copy_name(added->name, sizeof added->name, *name ? name : "?");
    added->statistics = *statistics;
    return true;
}

bool cell_report_add_object(struct cell_report *report, const struct orc_object_statistics *object) {
    void *grown = grow(report->objects, report->object_count, sizeof *report->objects);
    if (!grown)
        return false;
    report->objects = grown;
    struct orc_object_statistics *added = &report->objects[report->object_count++];
    *added = *object;
    copy_name(added->name, sizeof added->name, *object->name ? object->name : "-");
    return true;
}

void cell_report_free(struct cell_report *report) {
    free(report->compartments);
    free(report->objects);
    *report = (struct cell_report){0};
}

uint64_t object_saving(const struct orc_object_statistics *object) {
    return object->users > 1 ? (uint64_t)object->shared * (object->users - 1) : 0;
}

struct cell_totals cell_totals(const struct cell_report *report) {
    struct cell_totals totals = {0};
    for (size_t i = 0; i < report->compartment_count; i++) {
        totals.private += report->compartments[i].statistics.resident;
        totals.page_tables += report->compartments[i].statistics.page_tables;
    }
    for (size_t i = 0; i < report->object_count; i++) {
        totals.objects += report->objects[i].shared;
        totals.saved += object_saving(&report->objects[i]);
    }
    if (report->memory > totals.private + totals.objects)
        totals.own = report->memory - totals.private - totals.objects;
    return totals;
}

/* --- Over the socket: a line for each thing, words between blanks, in the order of these two functions ---
 */

static void send_compartment(FILE *out, const struct compartment_report *compartment) {
    const struct orc_statistics *s = &compartment->statistics;
    fprintf(out,
            "compartment %s %d %u %u %u %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
            " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
            compartment->name, s->running, s->threads, s->handles, s->objects, s->processor_time,
            s->user_time, s->system_time, s->memory, s->memory_limit, s->resident, s->shared, s->hostcalls,
            s->registered, s->cls, s->cls_written, s->page_tables);
}

static bool receive_compartment(const char *line, struct cell_report *report) {
    struct orc_statistics s = {0};
    char name[REPORT_NAME_SIZE];
    int running;
    if (sscanf(line,
               "compartment %67s %d %u %u %u %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
               " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
               name, &running, &s.threads, &s.handles, &s.objects, &s.processor_time, &s.user_time,
               &s.system_time, &s.memory, &s.memory_limit, &s.resident, &s.shared, &s.hostcalls,
               &s.registered, &s.cls, &s.cls_written, &s.page_tables) != 17 ||
        s.cls_written > s.cls)
        return false;
    s.running = running != 0;
    return cell_report_add_compartment(report, name, &s);
}

static void send_object(FILE *out, const struct orc_object_statistics *object) {
    fputs("object ", out);
    for (size_t i = 0; i < sizeof object->hash; i++)
        fprintf(out, "%02x", object->hash[i]);
    fprintf(out, " %s %u %u %u %u\n", object->name, object->base, object->size, object->shared,
            object->users);
}

bool object_parse_hash(const char *text, uint8_t hash[ORC_HASH_SIZE]) {
    if (strlen(text) != 2 * ORC_HASH_SIZE || strspn(text, "0123456789abcdef") != 2 * ORC_HASH_SIZE)
        return false;
    for (size_t i = 0; i < ORC_HASH_SIZE; i++) {
        unsigned byte = 0;
        sscanf(text + 2 * i, "%2x", &byte);
        hash[i] = (uint8_t)byte;
    }
    return true;
}

static bool receive_object(const char *line, struct cell_report *report) {
    struct orc_object_statistics object = {0};
    char hash[2 * ORC_HASH_SIZE + 1];
    return sscanf(line, "object %64s %64s %u %u %u %u", hash, object.name, &object.base, &object.size,
                  &object.shared, &object.users) == 6 &&
           object_parse_hash(hash, object.hash) && cell_report_add_object(report, &object);
}

void cell_report_send(FILE *out, const struct cell_report *report) {
    char program[REPORT_NAME_SIZE];
    copy_name(program, sizeof program, *report->program ? report->program : "?");
    fprintf(out, "cell %d %s %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", (int)report->pid, program, report->age,
            report->memory, report->page_tables);
    for (size_t i = 0; i < report->compartment_count; i++)
        send_compartment(out, &report->compartments[i]);
    for (size_t i = 0; i < report->object_count; i++)
        send_object(out, &report->objects[i]);
    fputs("end\n", out);
}

static bool receive_line(const char *line, struct cell_report *report) {
    if (strncmp(line, "cell ", 5) == 0)
        return sscanf(line, "cell %d %67s %" SCNu64 " %" SCNu64 " %" SCNu64, &report->pid, report->program,
                      &report->age, &report->memory, &report->page_tables) == 5;
    if (strncmp(line, "compartment ", 12) == 0)
        return receive_compartment(line, report);
    return strncmp(line, "object ", 7) == 0 && receive_object(line, report);
}

bool cell_report_receive(FILE *in, struct cell_report *report) {
    char line[LONGEST_LINE];
    *report = (struct cell_report){0};
    for (unsigned lines = 0; lines < MOST_LINES && fgets(line, sizeof line, in); lines++) {
        if (strcmp(line, "end\n") == 0)
            return report->pid != 0;
        if (!receive_line(line, report))
            break;
    }
    cell_report_free(report);
    return false;
}
