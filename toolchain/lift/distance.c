/* Differences of labels. The assembler has computed them from the places in the source; here code has another
 * size and tables have moved, so each is written as a difference again, and computed anew. */
#include "lift.h"

#include "../common/tool.h"

#include <stdlib.h>

bool is_in_table(const struct object *object, struct place place) {
    const struct section *section = &object->sections[place.section];
    return is_text_data(section, place.offset) ||
           (place.ends_table && is_text_data(section, place.offset - 1));
}

const char *name_of(const struct object *object, struct place place) {
    if (!is_in_table(object, place) || is_text_data(&object->sections[place.section], place.offset))
        return place_name(object, place.section, (uint64_t)place.offset);
    return format_string("%s+1", place_name(object, place.section, (uint64_t)place.offset - 1));
}

/* What an instruction computes from a label of a table and one between it and code is the table's size; in
 * data, it may be a jump table's first entry. */
static struct place beside(const struct object *object, struct place place, struct place other) {
    const struct section *section = &object->sections[place.section];
    if (!is_in_table(object, place) && other.section == place.section &&
        is_text_data(section, place.offset - 1) && is_text_data(section, other.offset) &&
        table_start(section, place.offset - 1) == table_start(section, other.offset))
        place.ends_table = true;
    return place;
}

/* The section where a place is in the end: tables leave their text. */
static int final_section(const struct object *object, struct place place) {
    return is_in_table(object, place) ? -1 - place.section : place.section;
}

/* Whether an assembler in section `here` can know the difference. */
static bool is_computable(const struct object *object, struct place from, struct place less, int here) {
    int section = final_section(object, less);
    return section == here || section == final_section(object, from);
}

/* "from-less+rest", when `value` is what the difference was in the source. */
static char *difference(const struct object *object, struct place from, struct place less, int64_t value) {
    int64_t rest = value - (from.offset - less.offset);
    return format_string("%s-(%s)%+ld", name_of(object, from), name_of(object, less), (long)rest);
}

bool print_distance(struct text *text, const struct instruction *instruction, const struct distance *distance,
                    int64_t value) {
    struct place from, less;
    if (!distance->less)
        return false;
    bool known =
        place_of(text->object, distance->less, &less) && place_of(text->object, distance->from, &from);
    if (known) {
        from = beside(text->object, from, less);
        less = beside(text->object, less, from);
    }
    if (!known || !is_computable(text->object, from, less, text->section)) {
        refuse(text, instruction, 2, "the distance of these two labels isn't known before they are linked");
        return true;
    }
    char *written = difference(text->object, from, less, value);
    fputs(written, text->out);
    free(written);
    return true;
}

static const struct note *note_at(const struct section *section, uint64_t offset, enum note_kind kind) {
    size_t low = 0, high = section->note_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (section->notes[middle].offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < section->note_count && section->notes[low].offset == offset; low++)
        if (section->notes[low].kind == kind)
            return &section->notes[low];
    return NULL;
}

bool is_value(const struct section *section, uint64_t offset) {
    return note_at(section, offset, NOTE_VALUE) != NULL;
}

bool is_complex(const struct section *section, uint64_t offset) {
    return note_at(section, offset, NOTE_COMPLEX) != NULL;
}

bool keeps_value(const struct object *object, const struct section *section, uint64_t offset) {
    struct place first = {0}, place;
    bool found = false;
    for (size_t i = 0; i < section->note_count; i++) {
        if (section->notes[i].offset != offset || section->notes[i].kind != NOTE_PLACE)
            continue;
        if (!place_of(object, &section->notes[i], &place))
            return false;
        const struct section *holder = &object->sections[place.section];
        bool table = is_in_table(object, place);
        if (is_text(holder) && !table)
            return false;
        int64_t start = table ? table_start(holder, place.offset - place.ends_table) : 0;
        if (found && (first.section != place.section || first.offset != start))
            return false;
        first = (struct place){place.section, start, false};
        found = true;
    }
    return true;
}

/* What stands there, as a signed number. */
static int64_t number_at(const struct section *section, uint64_t offset, int64_t size) {
    uint64_t value = 0;
    for (int64_t i = 0; i < size && section->data; i++)
        value |= (uint64_t)section->data[offset + (uint64_t)i] << (8 * i);
    int unused = 64 - 8 * (int)size;
    return (int64_t)(value << unused) >> unused;
}

static const struct relocation *relocation_at(const struct section *section, uint64_t offset) {
    for (size_t i = 0; i < section->relocation_count; i++)
        if (section->relocations[i].offset == offset)
            return &section->relocations[i];
    return NULL;
}

bool write_value(const struct object *object, int index, uint64_t offset, FILE *out, uint64_t *size) {
    static const char *const directives[] = {[1] = ".byte", [2] = ".short", [4] = ".long", [8] = ".quad"};
    const struct section *section = &object->sections[index];
    const struct note *note = note_at(section, offset, NOTE_VALUE),
                      *minus = note_at(section, offset, NOTE_LESS);
    const struct relocation *relocation = relocation_at(section, offset);
    struct place from, less, here = {index, (int64_t)offset, false};
    if (is_complex(section, offset) && !keeps_value(object, section, offset))
        fail("%s: %s+%#lx: error: rule 2: only sums and differences of labels can be followed",
             object->source, section->name, (unsigned long)offset);
    if (!note)
        return false;
    *size = (uint64_t)note->addend;
    if (!place_of(object, minus, &less))
        fail("%s: %s+%#lx: error: rule 2: the label that is subtracted isn't of this file", object->source,
             section->name, (unsigned long)offset);
    if (!place_of(object, note_at(section, offset, NOTE_PLACE), &from)) {
        /* Another file's, or one that others may replace: only the relocation knows it. */
        if (!relocation)
            fail("%s: %s+%#lx: error: rule 2: the difference to a symbol that isn't known yet",
                 object->source, section->name, (unsigned long)offset);
        int64_t rest = relocation->addend - ((int64_t)offset - less.offset);
        fprintf(out, "\t%s\t%s-(%s)%+ld\n", directives[*size], object->symbols[relocation->symbol].name,
                place_name(object, less.section, (uint64_t)less.offset), (long)rest);
        return true;
    }
    int64_t value =
        relocation ? relocation->addend + (int64_t)object->symbols[relocation->symbol].value - (int64_t)offset
                   : number_at(section, offset, note->addend);
    bool in_code = !is_in_table(object, from) && is_text(&object->sections[from.section]);
    if (in_code && *size < 4)
        fail("%s: %s+%#lx: error: rule 6: a distance in code of %d bits: it may grow; write .long",
             object->source, section->name, (unsigned long)offset, (int)*size * 8);
    if (!is_computable(object, from, less, final_section(object, here)))
        fail(
            "%s: %s+%#lx: error: rule 2: the distance of these two labels isn't known before they are linked",
            object->source, section->name, (unsigned long)offset);
    char *written = difference(object, from, less, value);
    fprintf(out, "\t%s\t%s\n", directives[*size], written);
    free(written);
    return true;
}
