/* The orc command's own parts: numbers and patterns, network options, reports between processes, and its
 * reader of symbols, on good and on damaged input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../cli/cell_report.h"
#include "../../cli/network_option.h"
#include "../../cli/program_file.h"
#include "../../cli/text.h"

static void sizes(void **state) {
    static const struct {
        const char *text;
        bool good;
        uint64_t size;
    } cases[] = {
        {"0", true, 0},
        {"65536", true, 65536},
        {"64k", true, 65536},
        {"2M", true, 2 << 20},
        {"3G", true, 3ull << 30},
        {"17179869183G", true, 0xffffffffc0000000},
        {"17179869184G", false, 0},
        {"18446744073709551616", false, 0},
        {"", false, 0},
        {"-1", false, 0},
        {"k", false, 0},
        {"1kk", false, 0},
        {"1 k", false, 0},
        {"0x10", false, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t size = 0;
        assert_int_equal(parse_size(cases[i].text, &size), cases[i].good);
        if (cases[i].good)
            assert_int_equal(size, cases[i].size);
    }
}

static void numbers_and_signals(void **state) {
    unsigned count;
    uint64_t nanoseconds;
    (void)state;
    assert_true(parse_count("10", 10, &count) && count == 10);
    assert_false(parse_count("11", 10, &count) || parse_count("0", 10, &count) ||
                 parse_count("1x", 10, &count));
    assert_false(parse_count("4294967297", 10, &count));
    assert_true(parse_seconds("0.5", &nanoseconds) && nanoseconds > 499999999 && nanoseconds < 500000010);
    assert_false(parse_seconds("nan", &nanoseconds) || parse_seconds("-1", &nanoseconds) ||
                 parse_seconds("1e30", &nanoseconds) || parse_seconds("", &nanoseconds));
    assert_int_equal(parse_signal("SIGTERM"), 15);
    assert_int_equal(parse_signal("term"), 15);
    assert_int_equal(parse_signal("9"), 9);
    assert_int_equal(parse_signal("32"), 0);
    assert_int_equal(parse_signal("NONE"), 0);
}

static void expect_expansion(const char *text, unsigned index, const char *expected) {
    char *made = expand_index(text, index, "a test");
    if (expected)
        assert_string_equal(made, expected);
    else
        assert_null(made);
    free(made);
}

static void indexes(void **state) {
    (void)state;
    expect_expansion("x{i}y{i}", 3, "x3y3");
    expect_expansion("{i+7000}:{10+i}", 5, "7005:15");
    expect_expansion("{}{a}{in}{{i}}{i", 1, "{}{a}{in}{1}{i");
    expect_expansion("{i+}", 1, NULL);
    expect_expansion("{i*2}", 1, NULL);
    expect_expansion("{x+i}", 1, NULL);
    expect_expansion("{i+99999999999999}", 1, NULL);
    expect_expansion("", 1, "");
    assert_true(has_index("a{i}") && has_index("{}{i+1}"));
    assert_false(has_index("{ii}") || has_index("{") || has_index("i"));
}

static void network_options(void **state) {
    struct orc_network_grant grants[MAX_GRANTS_OF_OPTION];
    (void)state;
    assert_int_equal(parse_listen("7000", grants), 1);
    assert_int_equal(grants[0].first_port, 7000);
    assert_int_equal(grants[0].last_port, 7000);
    assert_int_equal(grants[0].prefix, 0);
    assert_false(grants[0].connect);
    assert_int_equal(parse_listen("udp:127.0.0.1:5000-5010", grants), 1);
    assert_int_equal(grants[0].type, SOCK_DGRAM);
    assert_int_equal(grants[0].family, AF_INET);
    assert_int_equal(grants[0].prefix, 32);
    assert_int_equal(grants[0].address[0], 127);
    assert_int_equal(grants[0].last_port, 5010);
    assert_int_equal(parse_connect("[::1]:443", grants), 1);
    assert_int_equal(grants[0].family, AF_INET6);
    assert_int_equal(grants[0].address[15], 1);
    assert_true(grants[0].connect);
    assert_int_equal(parse_connect("10.0.0.0/8:*", grants), 1);
    assert_int_equal(grants[0].prefix, 8);
    assert_int_equal(grants[0].first_port, 1);
    assert_int_equal(grants[0].last_port, 65535);
    assert_int_equal(parse_connect("any", grants), 1);
    assert_int_equal(parse_listen("udp:0", grants), 1);
    assert_int_equal(grants[0].type, SOCK_DGRAM);
    assert_int_equal(grants[0].first_port, 0);
    assert_int_equal(grants[0].last_port, 0);
    assert_int_equal(parse_listen("0-65535", grants), 1);
    assert_int_equal(grants[0].first_port, 0);
    assert_int_equal(parse_listen("1-65535", grants), 1);
    assert_int_equal(grants[0].first_port, 0);
    assert_int_equal(parse_listen("1-65534", grants), 1);
    assert_int_equal(grants[0].first_port, 1);
    assert_int_equal(parse_connect("localhost:0", grants), 0);
    assert_int_equal(parse_connect("localhost:0-5", grants), 0);
    static const char *const bad_listens[] = {"",  "65536", "1-",        "-1",   "5-4",  "x",
                                              ":", ":80",   "1.2.3:4:x", "tcp:", "7000x"};
    for (size_t i = 0; i < sizeof bad_listens / sizeof *bad_listens; i++)
        assert_int_equal(parse_listen(bad_listens[i], grants), 0);
    static const char *const bad_connects[] = {
        "", "80", "127.0.0.1", "127.0.0.1/33:80", "127.0.0.1/x:80", "127.0.0.1/0:80", "[]:80"};
    for (size_t i = 0; i < sizeof bad_connects / sizeof *bad_connects; i++)
        assert_int_equal(parse_connect(bad_connects[i], grants), 0);
}

/* --- Reports --- */

static char *send_report(const struct cell_report *report, size_t *size) {
    char *text;
    FILE *out = open_memstream(&text, size);
    cell_report_send(out, report);
    fclose(out);
    return text;
}

static bool receive_text(char *text, size_t size, struct cell_report *report) {
    FILE *in = fmemopen(text, size, "r");
    bool good = in && cell_report_receive(in, report);
    if (in)
        fclose(in);
    return good;
}

static char *example_report(size_t *size) {
    struct cell_report report = {.pid = 42, .program = "a program", .age = 5};
    struct orc_statistics statistics = {.processor_time = UINT64_MAX,
                                        .resident = 4096,
                                        .cls = 8192,
                                        .cls_written = 4096,
                                        .page_tables = 12288,
                                        .threads = 3,
                                        .running = true};
    struct orc_object_statistics object = {
        .hash = {0xab, 0xcd}, .base = 0x10000000, .size = 8192, .shared = 4096, .users = 3};
    snprintf(object.name, sizeof object.name, "/lib/with blank\n\"quote");
    for (int i = 0; i < 5; i++)
        assert_true(cell_report_add_compartment(&report, i ? "name" : "a\tb", &statistics));
    assert_true(cell_report_add_object(&report, &object));
    char *text = send_report(&report, size);
    cell_report_free(&report);
    return text;
}

static void reports_survive_the_socket(void **state) {
    struct cell_report report;
    size_t size;
    char *text = example_report(&size);
    (void)state;
    assert_true(receive_text(text, size, &report));
    assert_int_equal(report.pid, 42);
    assert_string_equal(report.program, "a?program");
    assert_int_equal(report.compartment_count, 5);
    assert_string_equal(report.compartments[0].name, "a?b");
    assert_true(report.compartments[4].statistics.processor_time == UINT64_MAX &&
                report.compartments[4].statistics.running);
    assert_int_equal(report.compartments[4].statistics.cls, 8192);
    assert_int_equal(report.compartments[4].statistics.cls_written, 4096);
    assert_int_equal(report.compartments[4].statistics.page_tables, 12288);
    assert_int_equal(report.object_count, 1);
    assert_string_equal(report.objects[0].name, "/lib/with?blank?\"quote");
    assert_int_equal(report.objects[0].hash[1], 0xcd);
    assert_int_equal(object_saving(&report.objects[0]), 8192);
    cell_report_free(&report);
    free(text);
}

static void damaged_reports_are_refused_or_read(void **state) {
    size_t size;
    char *text = example_report(&size);
    (void)state;
    srand(1);
    for (size_t length = 0; length + 4 < size; length++) {
        struct cell_report report;
        char *cut = malloc(size);
        memcpy(cut, text, size);
        assert_false(length > 0 && receive_text(cut, length, &report));
        for (int i = 0; i < 3; i++)
            cut[(size_t)rand() % size] = (char)rand();
        if (receive_text(cut, size, &report))
            cell_report_free(&report);
        free(cut);
    }
    free(text);
}

/* --- Programs --- */

static int memory_copy(const void *bytes, size_t size) {
    int fd = memfd_create("program", MFD_CLOEXEC);
    assert_true(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
    return fd;
}

/* A file with one section table: strings, symbols. */
struct tiny_file {
    Elf64_Ehdr header;
    Elf64_Shdr sections[3];
    Elf64_Sym symbols[3];
    char strings[32];
};

static struct tiny_file make_tiny_file(void) {
    struct tiny_file file = {
        .header = {.e_machine = EM_X86_64,
                   .e_shoff = offsetof(struct tiny_file, sections),
                   .e_shentsize = sizeof(Elf64_Shdr),
                   .e_shnum = 3},
        .sections = {{0},
                     {.sh_type = SHT_SYMTAB,
                      .sh_offset = offsetof(struct tiny_file, symbols),
                      .sh_size = 3 * sizeof(Elf64_Sym),
                      .sh_entsize = sizeof(Elf64_Sym),
                      .sh_link = 2},
                     {.sh_type = SHT_STRTAB,
                      .sh_offset = offsetof(struct tiny_file, strings),
                      .sh_size = 32}},
        .symbols = {{0},
                    {.st_name = 1, .st_info = STT_FUNC, .st_shndx = 1, .st_value = 0x1000, .st_size = 0x100},
                    {.st_name = 7, .st_info = STT_FUNC, .st_shndx = 1, .st_value = 0x1100, .st_size = 0}},
        .strings = "\0first\0sec\033nd",
    };
    memcpy(file.header.e_ident, ELFMAG, SELFMAG);
    file.header.e_ident[EI_CLASS] = ELFCLASS64;
    return file;
}

static void symbols_are_found(void **state) {
    const struct tiny_file file = make_tiny_file();
    char name[32];
    uint32_t distance;
    int fd = memory_copy(&file, sizeof file);
    (void)state;
    assert_true(program_file_symbol(fd, 0x10ff, name, sizeof name, &distance));
    assert_string_equal(name, "first");
    assert_int_equal(distance, 0xff);
    assert_true(program_file_symbol(fd, 0x5000, name, sizeof name, &distance));
    assert_string_equal(name, "sec?nd");
    assert_false(program_file_symbol(fd, 0xfff, name, sizeof name, &distance));
    close(fd);
}

static void damaged_programs_do_no_harm(void **state) {
    char name[32];
    uint8_t hash[ORC_HASH_SIZE];
    uint32_t distance;
    (void)state;
    srand(2);
    for (int round = 0; round < 3000; round++) {
        struct tiny_file file = make_tiny_file();
        for (int i = 0; i < 1 + round % 4; i++) {
            size_t at = SELFMAG + 4 + (size_t)rand() % (sizeof file - SELFMAG - 4);
            ((uint8_t *)&file)[at] = (uint8_t)(rand() % 3 ? rand() : 0xff);
        }
        int fd = memory_copy(&file, (size_t)rand() % 8 ? sizeof file : (size_t)rand() % sizeof file);
        for (uint32_t offset = 0x1000; offset < 0x1200; offset += 0x40)
            if (program_file_symbol(fd, offset, name, sizeof name, &distance))
                assert_true(strlen(name) < sizeof name);
        (void)program_file_hash(fd, hash);
        close(fd);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes),
        cmocka_unit_test(numbers_and_signals),
        cmocka_unit_test(indexes),
        cmocka_unit_test(network_options),
        cmocka_unit_test(reports_survive_the_socket),
        cmocka_unit_test(damaged_reports_are_refused_or_read),
        cmocka_unit_test(symbols_are_found),
        cmocka_unit_test(damaged_programs_do_no_harm),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
