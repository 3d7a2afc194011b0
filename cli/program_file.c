#include "program_file.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_SEGMENTS 64
#define MOST_SECTIONS 4096
#define LARGEST_NOTES 65536
#define LARGEST_SYMBOLS (64u << 20)

/* All of it, or false: regular files give short counts at their end alone. */
static bool read_at(int fd, void *buffer, size_t size, uint64_t offset) {
    if (offset > INT64_MAX - size)
        return false;
    while (size > 0) {
        ssize_t count = pread(fd, buffer, size, (off_t)offset);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        buffer = (char *)buffer + count;
        size -= (size_t)count;
        offset += (uint64_t)count;
    }
    return true;
}

/* Memory with `size` bytes of the file, which the caller frees; NULL when it isn't there. */
static void *read_copy(int fd, uint64_t offset, uint64_t size, uint64_t largest) {
    if (size == 0 || size > largest)
        return NULL;
    void *copy = malloc(size);
    if (copy && read_at(fd, copy, size, offset))
        return copy;
    free(copy);
    return NULL;
}

static bool read_header(int fd, Elf64_Ehdr *header) {
    return read_at(fd, header, sizeof *header, 0) && memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 &&
           header->e_ident[EI_CLASS] == ELFCLASS64 && header->e_machine == EM_X86_64;
}

static bool find_note(const uint8_t *notes, size_t size, struct orc_object_note *note) {
    for (size_t at = 0; size - at >= sizeof(Elf64_Nhdr);) {
        Elf64_Nhdr header;
        memcpy(&header, notes + at, sizeof header);
        at += sizeof header;
        uint64_t name = ((uint64_t)header.n_namesz + 3) & ~3ull,
                 content = ((uint64_t)header.n_descsz + 3) & ~3ull;
        if (name + content > size - at)
            return false;
        if (header.n_type == ORC_NOTE_OBJECT && header.n_namesz == sizeof ORC_NOTE_NAME &&
            memcmp(notes + at, ORC_NOTE_NAME, sizeof ORC_NOTE_NAME) == 0 && header.n_descsz == sizeof *note) {
            memcpy(note, notes + at + name, sizeof *note);
            return true;
        }
        at += name + content;
    }
    return false;
}

static Elf64_Phdr *read_segments(int fd, Elf64_Ehdr *header) {
    if (!read_header(fd, header) || header->e_phentsize != sizeof(Elf64_Phdr) ||
        header->e_phnum > MOST_SEGMENTS)
        return NULL;
    return read_copy(fd, header->e_phoff, header->e_phnum * sizeof(Elf64_Phdr),
                     MOST_SEGMENTS * sizeof(Elf64_Phdr));
}

static bool read_note(int fd, struct orc_object_note *note) {
    Elf64_Ehdr header;
    bool found = false;
    Elf64_Phdr *segments = read_segments(fd, &header);
    for (unsigned i = 0; segments && !found && i < header.e_phnum; i++) {
        if (segments[i].p_type != PT_NOTE)
            continue;
        uint8_t *notes = read_copy(fd, segments[i].p_offset, segments[i].p_filesz, LARGEST_NOTES);
        found = notes && find_note(notes, segments[i].p_filesz, note);
        free(notes);
    }
    free(segments);
    return found;
}

/* Whether the file has all that its program headers speak of. */
static bool is_whole(int fd, uint64_t size) {
    Elf64_Ehdr header;
    Elf64_Phdr *segments = read_segments(fd, &header);
    bool whole = segments != NULL;
    for (unsigned i = 0; segments && i < header.e_phnum; i++)
        if (segments[i].p_type == PT_LOAD &&
            (segments[i].p_offset > size || segments[i].p_filesz > size - segments[i].p_offset))
            whole = false;
    free(segments);
    return whole;
}

bool program_file_hash(int fd, uint8_t hash[ORC_HASH_SIZE]) {
    struct orc_object_note note;
    if (!read_note(fd, &note))
        return false;
    memcpy(hash, note.hash, sizeof note.hash);
    return true;
}

bool program_file_check(int fd, const char *name) {
    struct orc_object_note note;
    struct stat status;
    Elf64_Ehdr header;
    char start[4] = {0};
    if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
        fprintf(stderr, "orc run: %s: not a regular file\n", name);
        return false;
    }
    (void)!pread(fd, start, sizeof start, 0);
    if (start[0] == '#' && start[1] == '!')
        fprintf(stderr, "orc run: %s: a script: run its interpreter, with the script as an argument\n", name);
    else if (memcmp(start, ELFMAG, SELFMAG) != 0)
        fprintf(stderr, "orc run: %s: not a program (not an ELF file): build it with orc-cc\n", name);
    else if (!read_header(fd, &header))
        fprintf(stderr, "orc run: %s: not a program for x86-64, or damaged: build it with orc-cc\n", name);
    else if (!read_note(fd, &note))
        fprintf(
            stderr,
            "orc run: %s: no ORC object: built with a native compiler, or damaged? Build it with orc-cc\n",
            name);
    else if (note.version != ORC_NOTE_VERSION)
        fprintf(stderr,
                "orc run: %s: an object of format %u, and this orc knows format %u: build it anew with this "
                "orc-cc\n",
                name, note.version, ORC_NOTE_VERSION);
    else if (!is_whole(fd, (uint64_t)status.st_size))
        fprintf(stderr,
                "orc run: %s: truncated: the file ends before its segments do; build or copy it anew\n",
                name);
    else if (header.e_entry == 0)
        fprintf(stderr, "orc run: %s: a library, not a program: it has no entry\n", name);
    else
        return true;
    return false;
}

/* The best symbol of a table that is at or below `offset`. */
static const Elf64_Sym *best_symbol(const Elf64_Sym *symbols, size_t count, uint32_t offset) {
    const Elf64_Sym *best = NULL;
    for (size_t i = 0; i < count; i++) {
        const Elf64_Sym *symbol = &symbols[i];
        if (ELF64_ST_TYPE(symbol->st_info) != STT_FUNC || symbol->st_shndx == SHN_UNDEF ||
            symbol->st_value > offset)
            continue;
        if (symbol->st_size != 0 && offset - symbol->st_value >= symbol->st_size)
            continue;
        if (!best || symbol->st_value > best->st_value)
            best = symbol;
    }
    return best;
}

static bool copy_symbol_name(int fd, const Elf64_Shdr *strings, uint32_t at, char *name, size_t size) {
    if (at >= strings->sh_size)
        return false;
    uint64_t left = strings->sh_size - at;
    size_t length = left < size - 1 ? (size_t)left : size - 1;
    memset(name, 0, size);
    if (!read_at(fd, name, length, strings->sh_offset + at))
        return false;
    for (char *byte = name; *byte; byte++)
        if (*byte <= ' ' || *byte >= 0x7f)
            *byte = '?';
    return name[0] != 0;
}

static bool look_in_table(int fd, const Elf64_Shdr *sections, size_t section_count, const Elf64_Shdr *table,
                          uint32_t offset, char *name, size_t size, uint32_t *distance) {
    if (table->sh_link >= section_count || table->sh_entsize != sizeof(Elf64_Sym))
        return false;
    Elf64_Sym *symbols = read_copy(fd, table->sh_offset, table->sh_size, LARGEST_SYMBOLS);
    if (!symbols)
        return false;
    const Elf64_Sym *best = best_symbol(symbols, table->sh_size / sizeof *symbols, offset);
    bool found = best && copy_symbol_name(fd, &sections[table->sh_link], best->st_name, name, size);
    if (found)
        *distance = offset - (uint32_t)best->st_value;
    free(symbols);
    return found;
}

bool program_file_symbol(int fd, uint32_t offset, char *name, size_t size, uint32_t *distance) {
    static const uint32_t tables[] = {SHT_SYMTAB, SHT_DYNSYM};
    Elf64_Ehdr header;
    bool found = false;
    if (!read_header(fd, &header) || header.e_shentsize != sizeof(Elf64_Shdr) ||
        header.e_shnum > MOST_SECTIONS)
        return false;
    Elf64_Shdr *sections =
        read_copy(fd, header.e_shoff, header.e_shnum * sizeof *sections, MOST_SECTIONS * sizeof *sections);
    for (size_t kind = 0; sections && !found && kind < sizeof tables / sizeof *tables; kind++)
        for (size_t i = 0; !found && i < header.e_shnum; i++)
            if (sections[i].sh_type == tables[kind])
                found =
                    look_in_table(fd, sections, header.e_shnum, &sections[i], offset, name, size, distance);
    free(sections);
    return found;
}
