#include "script.h"

#include "../common/locate.h"
#include "../common/tool.h"
#include "orc/cls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void write_relro(FILE *out, const char *region) {
    fprintf(out, "    .data.rel.ro : { *(.data.rel.ro .data.rel.ro.* .gnu.linkonce.d.rel.ro.*) } :%s\n",
            region);
}

static void write_tls(FILE *out, const char *region) {
    fprintf(out, "    .tdata : { *(.tdata .tdata.* .gnu.linkonce.td.*) } :%s :tls\n", region);
    fputs("    .tbss : { *(.tbss .tbss.* .gnu.linkonce.tb.* .tcommon) } :tls\n", out);
}

/* What the relocatable model adds. */
static void write_cls(FILE *out, const char *word, uint64_t template_size) {
    if (strcmp(word, "CLS_HEADER") == 0)
        fprintf(out, "    cls 0x%x FLAGS(4);\n", ORC_PT_CLS);
    if (strcmp(word, "CLS_DESCRIPTOR") == 0)
        fputs("    .cls.descriptor : ALIGN(8) { QUAD(0) QUAD(0) QUAD(0) } :constants :cls\n", out);
    if (strcmp(word, "CLS_TEMPLATE") == 0 && template_size)
        fprintf(out, "    .cls.template : ALIGN(64) { QUAD(0) . += 0x%llx; } :relocated\n",
                (unsigned long long)((template_size - 1) & ~7ull));
}

/* Fills one place; false if the line is none. */
static bool fill_place(FILE *out, const char *line, const struct script_variant *variant) {
    char word[32];
    if (sscanf(line, " @%30[A-Z_]@", word) != 1)
        return false;
    if (strcmp(word, "RELRO_CONSTANTS") == 0 && !variant->relro_is_writable)
        write_relro(out, "relocated");
    if (strcmp(word, "RELRO_DATA") == 0 && variant->relro_is_writable)
        write_relro(out, "data");
    if (strcmp(word, "TLS_CONSTANTS") == 0 && !variant->tdata_is_writable)
        write_tls(out, "relocated");
    if (strcmp(word, "TLS_DATA") == 0 && variant->tdata_is_writable)
        write_tls(out, "data");
    if (variant->has_cls)
        write_cls(out, word, variant->template_size);
    if (strcmp(word, "OWN_SECTIONS") == 0)
        for (size_t i = 0; i < variant->own_sections.count; i++)
            fprintf(out, "    \"%s\" : { *(\"%s\") } :data\n", variant->own_sections.items[i],
                    variant->own_sections.items[i]);
    return true;
}

char *write_script(const struct script_variant *variant) {
    char *template_path = locate_file("object.ld"), *path = tool_temporary("object", ".ld");
    FILE *in = fopen(template_path, "re"), *out = fopen(path, "we");
    if (!in)
        fail("unable to read '%s': the installation isn't complete", template_path);
    if (!out)
        fail("unable to write '%s'", path);
    char line[512];
    while (fgets(line, sizeof line, in))
        if (!fill_place(out, line, variant))
            fputs(line, out);
    fclose(in);
    if (fclose(out) != 0)
        fail("unable to write '%s'", path);
    free(template_path);
    return path;
}

bool find_own_sections(const struct image *image, struct script_variant *variant) {
    static const char *const placed[] = {
        ".jump_tables",      ".tdata",         ".tbss",     ".preinit_array", ".init_array", ".fini_array",
        ".data.rel.ro",      ".got.plt",       ".got",      ".data",          ".bss",        ".cls.template",
        ".cls.displacement", ".cls.addresses", ".cls.data", ".cls.bss",       NULL};
    bool found = false;
    for (size_t i = 1; i < image->section_count; i++) {
        const Elf64_Shdr *section = &image->sections[i];
        const char *name = section_name(image, section);
        bool known = arguments_contain(&variant->own_sections, name);
        for (const char *const *place = placed; *place; place++)
            known |= strcmp(name, *place) == 0;
        if (known || (section->sh_flags & (SHF_ALLOC | SHF_WRITE | SHF_EXECINSTR)) != (SHF_ALLOC | SHF_WRITE))
            continue;
        if (strchr(name, '"') || strchr(name, '\n'))
            fail("section name with a quotation mark or a line end");
        arguments_add(&variant->own_sections, name);
        found = true;
    }
    return found;
}
