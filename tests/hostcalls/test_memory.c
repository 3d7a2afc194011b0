/* Pages of files and memory files: whose they are, who pays for them, and what becomes of them when the file gets
 * shorter. The fixture's compartment may have 64 MiB. */
#include "fixture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE ((uint64_t)ORC_PAGE_SIZE)
#define RW_ACCESS (ORC_MEMORY_READ | ORC_MEMORY_WRITE)
#define SHARED ORC_MEMORY_SHARED
#define MIB (1u << 20)
#define PLACE (ORC_HEAP + 16 * MIB)
#define OTHER (ORC_HEAP + 64 * MIB)

static uint64_t used(struct guest *guest) {
    assert_int_equal(HOSTCALL(ORC_USAGE, BUFFER), 0);
    return ((struct orc_usage *)at(guest, BUFFER))->memory;
}

/* Whether the guest can read or write a byte, by a hostcall that copies, and by one of which the kernel does. */
static int64_t reads(struct guest *guest, uint32_t address) {
    return HOSTCALL(ORC_OPEN, address, 0, 0) == -EFAULT ? -EFAULT : 0;
}

static int64_t writes(struct guest *guest, uint32_t address) {
    int64_t done = HOSTCALL(ORC_RANDOM, address, 1);
    return done > 0 ? 0 : done;
}

static struct orc_memory_range range_at(struct guest *guest, uint32_t address) {
    struct orc_memory_range range = {0};
    assert_int_equal(HOSTCALL(ORC_MEMORY_RANGE, address, BUFFER), 0);
    memcpy(&range, at(guest, BUFFER), sizeof range);
    return range;
}

static int host_open(struct guest *guest, const char *name) {
    int fd = open(host_path(guest, name), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    return fd;
}

static void host_resize(struct guest *guest, const char *name, off_t size) {
    int fd = host_open(guest, name);
    assert_int_equal(ftruncate(fd, size), 0);
    close(fd);
}

static char host_byte(struct guest *guest, const char *name, off_t offset) {
    char byte = 0;
    int fd = host_open(guest, name);
    assert_int_equal(pread(fd, &byte, 1, offset), 1);
    close(fd);
    return byte;
}

GUEST_TEST(shared_pages_are_the_files) {
    host_resize(guest, "rw/file", 2 * PAGE);
    uint64_t before = used(guest), handle = opened(guest, RW, "file", O_RDWR);
    assert_int_equal(HOSTCALL(ORC_MAP_FILE, PLACE, 2 * PAGE, RW_ACCESS | SHARED, handle, 0), 0);
    assert_int_equal(HOSTCALL(ORC_MAP_FILE, OTHER, PAGE, ORC_MEMORY_READ | SHARED, handle, PAGE), 0);
    assert_int_equal(HOSTCALL(ORC_WRITE_AT, handle, put(guest, BUFFER, "W", 1), 1, PAGE), 1);
    assert_int_equal(*(char *)at(guest, PLACE + PAGE), 'W');
    assert_int_equal(*(char *)at(guest, OTHER), 'W');
    put(guest, PLACE, "M", 1);
    assert_int_equal(host_byte(guest, "rw/file", 0), 'M');
    assert_int_equal(used(guest), before);
    assert_int_equal(HOSTCALL(ORC_CLOSE, handle), 0);
    put(guest, PLACE + 1, "N", 1);
    assert_int_equal(host_byte(guest, "rw/file", 1), 'N');
    assert_int_equal(HOSTCALL(ORC_DISCARD, PLACE, PAGE), 0); /* it's still the file's */
    assert_int_equal(*(char *)at(guest, PLACE), 'M');
    assert_int_equal(HOSTCALL(ORC_UNMAP, PLACE, 2 * PAGE), 0);
    assert_int_equal(reads(guest, PLACE), -EFAULT);
}

GUEST_TEST(rights_decide_who_may_write) {
    uint64_t reader = opened(guest, RO, "file", O_RDONLY), both = opened(guest, RW, "file", O_RDWR);
    uint64_t granted = grant(guest, host_open(guest, "ro/file"), ORC_GRANT_READ);
    uint64_t writer = opened(guest, RW, "file", O_WRONLY);
    const uint64_t read_only[] = {reader, granted, opened(guest, RW, "file", O_RDONLY),
                                  opened(guest, RW, "file", O_RDWR | O_APPEND)};
    for (size_t i = 0; i < sizeof read_only / sizeof *read_only; i++) {
        assert_int_equal(HOSTCALL(ORC_MAP_FILE, PLACE, PAGE, RW_ACCESS | SHARED, read_only[i], 0), -EACCES);
        assert_int_equal(HOSTCALL(ORC_MAP_FILE, PLACE, PAGE, ORC_MEMORY_READ | SHARED, read_only[i], 0), 0);
        assert_int_equal(HOSTCALL(ORC_PROTECT, PLACE, PAGE, RW_ACCESS), -EACCES);
        assert_int_equal(writes(guest, PLACE), -EFAULT);
        assert_int_equal(HOSTCALL(ORC_MOVE, PLACE, PAGE, OTHER, PAGE), 0);
        assert_int_equal(HOSTCALL(ORC_PROTECT, OTHER, PAGE, RW_ACCESS), -EACCES);
        assert_int_equal(HOSTCALL(ORC_MAP_FILE, PLACE, PAGE, RW_ACCESS, read_only[i], 0), 0);
        assert_int_equal(writes(guest, PLACE), 0);
    }
    assert_int_equal(host_byte(guest, "ro/file", 0), 'r');
    assert_int_equal(host_byte(guest, "rw/file", 0), 'w');
    assert_int_equal(HOSTCALL(ORC_MAP_FILE, PLACE, PAGE, ORC_MEMORY_READ, writer, 0), -EACCES);
    assert_int_equal(HOSTCALL(ORC_MAP_FILE, PLACE, PAGE, ORC_MEMORY_READ, LOG, 0), -EACCES);
    assert_int_equal(HOSTCALL(ORC_MAP_FILE, PLACE, PAGE, ORC_MEMORY_READ | SHARED, both, 0), 0);
    assert_int_equal(HOSTCALL(ORC_PROTECT, PLACE, PAGE, RW_ACCESS), 0);
}

GUEST_TEST(bad_mappings_are_refused) {
    uint64_t handle = opened(guest, RW, "file", O_RDWR), event = (uint64_t)HOSTCALL(ORC_EVENT, 0, 0);
    const struct {
        uint64_t arguments[6];
        int64_t expected;
    } bad[] = {
        {{ORC_MAP_FILE, PLACE + 1, PAGE, 1, handle, 0}, -EINVAL},
        {{ORC_MAP_FILE, PLACE, PAGE + 1, 1, handle, 0}, -EINVAL},
        {{ORC_MAP_FILE, PLACE, 0, 1, handle, 0}, -EINVAL},
        {{ORC_MAP_FILE, ORC_WINDOW, PAGE, 1, handle, 0}, -EINVAL},
        {{ORC_MAP_FILE, ORC_HEAP_END - PAGE, 2 * PAGE, 1, handle, 0}, -EINVAL},
        {{ORC_MAP_FILE, PLACE, PAGE, 2, handle, 0}, -EINVAL},
        {{ORC_MAP_FILE, PLACE, PAGE, 6, handle, 0}, -EINVAL},
        {{ORC_MAP_FILE, PLACE, PAGE, 8, handle, 0}, -EINVAL},
        {{ORC_MAP_FILE, PLACE, PAGE, 1, handle, 1}, -EINVAL},
        {{ORC_MAP_FILE, PLACE, PAGE, 1, handle, -PAGE}, -EOVERFLOW},
        {{ORC_MAP_FILE, PLACE, PAGE, 1, 63, 0}, -EBADF},
        {{ORC_MAP_FILE, PLACE, PAGE, 1, event, 0}, -EINVAL},
        {{ORC_MAP_FILE, PLACE, PAGE, 1, RW, 0}, -EINVAL},
        {{ORC_MOVE, PLACE, PAGE, OTHER, PAGE}, -ENOMEM},
        {{ORC_MOVE, PLACE, PAGE, PLACE, PAGE}, -EINVAL},
        {{ORC_MOVE, PLACE, PAGE, PLACE + PAGE, ORC_HEAP_END}, -EINVAL},
        {{ORC_MOVE, PLACE, 0, OTHER, PAGE}, -EINVAL},
        {{ORC_POPULATE, PLACE, PAGE, 2}, -EINVAL},
        {{ORC_POPULATE, PLACE, 32 * MIB, 0}, -EINVAL},
        {{ORC_POPULATE, PLACE, PAGE, 0}, -ENOMEM},
        {{ORC_MEMORY_RANGE, UINT32_MAX, BUFFER}, -ENOENT},
        {{ORC_MEMORY_RANGE, MEMORY, READ_ONLY}, -EFAULT},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (hostcall(guest, bad[i].arguments) != bad[i].expected)
            fail_msg("%zu: %lld", i, (long long)hostcall(guest, bad[i].arguments));
}

/* A gibibyte in a compartment of 64 MiB. */
GUEST_TEST(private_pages_are_charged_when_written) {
    host_resize(guest, "rw/big", 1 << 30);
    uint64_t before = used(guest), handle = opened(guest, RW, "big", O_RDWR);
    assert_int_equal(HOSTCALL(ORC_MAP_FILE, PLACE, 1 << 30, RW_ACCESS, handle, 0), 0);
    assert_int_equal(used(guest), before);
    assert_int_equal(range_at(guest, PLACE).kind, ORC_RANGE_PRIVATE);
    assert_int_equal(reads(guest, PLACE + 500 * MIB), 0);
    assert_int_equal(used(guest), before);
    assert_int_equal(writes(guest, PLACE + 100 * MIB), 0);                          /* the kernel writes */
    assert_int_equal(HOSTCALL(ORC_CLONE_INFO, PLACE + 200 * MIB), 0);              /* the Intravisor does */
    uint64_t after = used(guest);
    assert_true(after > before && after <= before + 0x40000);
    assert_int_equal(range_at(guest, PLACE + 100 * MIB).kind, ORC_RANGE_TOUCHED);
    assert_int_equal(HOSTCALL(ORC_DISCARD, PLACE, 1 << 30), 0);
    assert_int_equal(used(guest), before);
    assert_int_equal(*(char *)at(guest, PLACE + 100 * MIB), 0);
    assert_int_equal(range_at(guest, PLACE).size, 1 << 30);
    assert_int_equal(host_byte(guest, "rw/big", 100 * MIB), 0);
    assert_int_equal(HOSTCALL(ORC_UNMAP, PLACE, 1 << 30), 0);
}

GUEST_TEST(nobody_writes_more_than_the_quota) {
    host_resize(guest, "rw/big", 1 << 30);
    uint64_t before = used(guest), handle = opened(guest, RW, "big", O_RDWR);
    assert_int_equal(HOSTCALL(ORC_MAP_FILE, PLACE, 1 << 30, RW_ACCESS, handle, 0), 0);
    uint32_t pages = 0;
    while (writes(guest, PLACE + pages * 16 * ORC_PAGE_SIZE) == 0)
        pages++;
    assert_true(used(guest) <= 64 * MIB && used(guest) > 63 * MIB && pages > 500);
    assert_int_equal(writes(guest, PLACE), 0); /* what it has it keeps */
    assert_int_equal(HOSTCALL(ORC_CLONE_INFO, PLACE + (1 << 29)), -EFAULT);
    assert_int_equal(HOSTCALL(ORC_READ_AT, handle, PLACE + (1 << 29), 4 * MIB, 0), -EFAULT);
    assert_int_equal(HOSTCALL(ORC_POPULATE, PLACE + (1 << 29), 4 * MIB, 1), -ENOMEM);
    assert_int_equal(HOSTCALL(ORC_UNMAP, PLACE, 1 << 30), 0);
    assert_int_equal(used(guest), before);
}

/* However scattered the writes are, there is a place for each. */
GUEST_TEST(scattered_writes_find_extents) {
    host_resize(guest, "rw/big", 32 * MIB);
    uint64_t handle = opened(guest, RW, "big", O_RDWR);
    assert_int_equal(HOSTCALL(ORC_MAP_FILE, PLACE, 32 * MIB, RW_ACCESS, handle, 0), 0);
    for (unsigned i = 0; i < 128; i++)
        assert_int_equal(writes(guest, PLACE + i * (MIB / 4)), 0);
    for (unsigned i = 0; i < 8192; i += 2)
        if (HOSTCALL(ORC_PROTECT, PLACE + i * PAGE, PAGE, ORC_MEMORY_READ) < 0)
            break;
    assert_int_equal(HOSTCALL(ORC_PROTECT, PLACE, 32 * MIB, RW_ACCESS), 0);
    assert_int_equal(HOSTCALL(ORC_POPULATE, PLACE, 16 * MIB, 1), 0);
    assert_int_equal(HOSTCALL(ORC_UNMAP, PLACE, 32 * MIB), 0);
}

GUEST_TEST(a_file_that_gets_shorter_harms_nobody) {
    host_resize(guest, "rw/file", 16 * PAGE);
    uint64_t handle = opened(guest, RW, "file", O_RDWR);
    assert_int_equal(HOSTCALL(ORC_MAP_FILE, PLACE, 16 * PAGE, RW_ACCESS | SHARED, handle, 0), 0);
    assert_int_equal(HOSTCALL(ORC_MAP_FILE, OTHER, 1024 * PAGE, RW_ACCESS, handle, 0), 0);
    assert_int_equal(writes(guest, PLACE + PAGE), 0);
    host_resize(guest, "rw/file", 10);
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t start = i == 0 ? PLACE : OTHER;
        assert_int_equal(reads(guest, start + 100), 0);
        assert_int_equal(*(char *)at(guest, start + 100), 0);
        assert_int_equal(reads(guest, start + PAGE), -EFAULT);
        assert_int_equal(writes(guest, start + PAGE), -EFAULT);
        assert_int_equal(HOSTCALL(ORC_CLONE_INFO, start + PAGE), -EFAULT);
        assert_int_equal(HOSTCALL(ORC_WRITE_AT, handle, start + PAGE, 10, 0), -EFAULT);
        assert_int_equal(HOSTCALL(ORC_FUTEX_WAIT, start + PAGE, 1, 0, i == 0), -EFAULT);
        assert_int_equal(HOSTCALL(ORC_OPEN, start + PAGE, 0, 0), -EFAULT);
        assert_int_equal(HOSTCALL(ORC_POPULATE, start, 16 * PAGE, 0), -EFAULT);
    }
    struct orc_result result = call_program(&guest->base, PROGRAM(load), (const uint64_t[6]){PLACE + PAGE});
    assert_int_equal(result.outcome, ORC_FAULTED);
    assert_int_equal(result.fault.signal, SIGBUS);
    assert_int_equal(result.fault.kind, ORC_FAULT_DATA);
    assert_int_equal(result.fault.address, PLACE + PAGE);
    assert_int_equal(HOSTCALL(ORC_YIELD), 0);
}

GUEST_TEST(a_guest_that_writes_beyond_its_quota_ends) {
    host_resize(guest, "rw/big", 1 << 30);
    uint64_t handle = opened(guest, RW, "big", O_RDWR);
    assert_int_equal(HOSTCALL(ORC_MAP_FILE, PLACE, 1 << 29, RW_ACCESS, handle, 0), 0);
    struct orc_result result = call_program(&guest->base, PROGRAM(store), (const uint64_t[6]){PLACE + 0x5008});
    assert_int_equal(result.outcome, ORC_RETURNED);
    assert_int_equal(range_at(guest, PLACE).kind, ORC_RANGE_TOUCHED);
    assert_int_equal(HOSTCALL(ORC_MAP, ORC_HEAP + (1 << 30), (uint64_t)(64 * MIB - used(guest)), RW_ACCESS), 0);
    result = call_program(&guest->base, PROGRAM(store), (const uint64_t[6]){PLACE + 64 * MIB});
    assert_int_equal(result.outcome, ORC_FAULTED);
    assert_int_equal(result.fault.kind, ORC_FAULT_MEMORY);
    assert_int_equal(result.fault.signal, SIGKILL);
    assert_int_equal(result.fault.address, PLACE + 64 * MIB);
}

GUEST_TEST(memory_files_are_paid_for) {
    uint64_t before = used(guest), file = (uint64_t)HOSTCALL(ORC_MEMORY_FILE);
    assert_int_equal(HOSTCALL(ORC_TRUNCATE, file, 5 * PAGE + 1), 0);
    assert_int_equal(used(guest), before + 6 * PAGE);
    assert_int_equal(HOSTCALL(ORC_TRUNCATE, file, 64 * MIB), -ENOSPC);
    assert_int_equal(HOSTCALL(ORC_TRUNCATE, file, UINT64_MAX), -EFBIG);
    assert_int_equal(HOSTCALL(ORC_WRITE_AT, file, put(guest, BUFFER, "tail", 4), 4, 8 * PAGE - 2), 4);
    assert_int_equal(used(guest), before + 9 * PAGE);
    assert_int_equal(HOSTCALL(ORC_WRITE_AT, file, BUFFER, 4, 64 * MIB), -ENOSPC);
    assert_int_equal(HOSTCALL(ORC_WRITE_AT, file, BUFFER, 4, UINT64_MAX - 1), -EFBIG);
    assert_int_equal(HOSTCALL(ORC_WRITE_AT, file, NOWHERE, 4, 20 * PAGE), -EFAULT);
    assert_int_equal(used(guest), before + 9 * PAGE);
    assert_int_equal(HOSTCALL(ORC_WRITE, file, BUFFER, 4), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_WRITE_VECTOR, file, BUFFER, 0, 0), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_ALLOCATE, file, FALLOC_FL_KEEP_SIZE, 0, MIB), -EOPNOTSUPP);
    assert_int_equal(HOSTCALL(ORC_ALLOCATE, file, 0, 0, MIB), -EOPNOTSUPP);
    assert_int_equal(HOSTCALL(ORC_MAP_FILE, PLACE, 9 * PAGE, RW_ACCESS | SHARED, file, 0), 0);
    assert_int_equal(HOSTCALL(ORC_MAP_FILE, OTHER, PAGE, ORC_MEMORY_READ, file, 8 * PAGE), 0);
    assert_int_equal(used(guest), before + 9 * PAGE);
    assert_memory_equal(at(guest, PLACE + 8 * PAGE - 2), "tail", 4);
    assert_int_equal(HOSTCALL(ORC_CLOSE, file), 0); /* the mappings keep it */
    assert_int_equal(HOSTCALL(ORC_UNMAP, PLACE, 9 * PAGE), 0);
    assert_int_equal(used(guest), before + 9 * PAGE);
    assert_memory_equal(at(guest, OTHER), "il", 2);
    assert_int_equal(HOSTCALL(ORC_UNMAP, OTHER, PAGE), 0);
    assert_int_equal(used(guest), before);
}

/* Mappings keep their files open, and those count. */
GUEST_TEST(mapped_files_count_as_open) {
    int64_t handle;
    unsigned count = 0;
    while ((handle = HOSTCALL(ORC_MEMORY_FILE)) >= 0) {
        assert_int_equal(HOSTCALL(ORC_TRUNCATE, handle, PAGE), 0);
        assert_int_equal(HOSTCALL(ORC_MAP_FILE, PLACE + count * PAGE, PAGE, 1, handle, 0), 0);
        assert_int_equal(HOSTCALL(ORC_CLOSE, handle), 0);
        assert_true(++count <= 64);
    }
    assert_int_equal(handle, -EMFILE);
    assert_int_equal(HOSTCALL(ORC_UNMAP, PLACE, count * PAGE), 0);
    assert_true(HOSTCALL(ORC_MEMORY_FILE) >= 0);
}

GUEST_TEST(mappings_move) {
    uint64_t file = (uint64_t)HOSTCALL(ORC_MEMORY_FILE), before;
    assert_int_equal(HOSTCALL(ORC_TRUNCATE, file, 4 * PAGE), 0);
    assert_int_equal(HOSTCALL(ORC_WRITE_AT, file, put(guest, BUFFER, "end", 3), 3, 3 * PAGE), 3);
    assert_int_equal(HOSTCALL(ORC_MAP_FILE, PLACE, 2 * PAGE, RW_ACCESS, file, 0), 0);
    put(guest, PLACE, "mine", 4);
    assert_int_equal(HOSTCALL(ORC_MOVE, PLACE, 2 * PAGE, OTHER, 4 * PAGE), 0);
    assert_memory_equal(at(guest, OTHER), "mine", 4);
    assert_memory_equal(at(guest, OTHER + 3 * PAGE), "end", 3);
    assert_int_equal(reads(guest, PLACE), -EFAULT);
    before = used(guest);
    assert_int_equal(HOSTCALL(ORC_MAP, PLACE, 8 * MIB, RW_ACCESS), 0);
    put(guest, PLACE + PAGE, "fresh", 5);
    assert_int_equal(HOSTCALL(ORC_MOVE, PLACE, 8 * MIB, OTHER, 32 * MIB), 0);
    assert_memory_equal(at(guest, OTHER + PAGE), "fresh", 5);
    assert_int_equal(*(char *)at(guest, OTHER + 20 * MIB), 0);
    assert_int_equal(used(guest), before + 32 * MIB - 4 * PAGE);
    assert_int_equal(HOSTCALL(ORC_MOVE, OTHER, 32 * MIB, PLACE + 40 * MIB, 48 * MIB), -EINVAL); /* they overlap */
    assert_int_equal(HOSTCALL(ORC_MOVE, OTHER, 32 * MIB, OTHER + 64 * MIB, 64 * MIB), -ENOMEM);
    assert_int_equal(HOSTCALL(ORC_MOVE, OTHER, 32 * MIB, OTHER + 64 * MIB, PAGE), 0);
    assert_int_equal(HOSTCALL(ORC_PROTECT, OTHER + 64 * MIB, PAGE, 0), 0);
    assert_int_equal(HOSTCALL(ORC_MAP, OTHER + 64 * MIB + PAGE, PAGE, RW_ACCESS), 0);
    assert_int_equal(HOSTCALL(ORC_MOVE, OTHER + 64 * MIB, 2 * PAGE, OTHER, 2 * PAGE), -EXDEV);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shared_pages_are_the_files),
        cmocka_unit_test(rights_decide_who_may_write),
        cmocka_unit_test(bad_mappings_are_refused),
        cmocka_unit_test(private_pages_are_charged_when_written),
        cmocka_unit_test(nobody_writes_more_than_the_quota),
        cmocka_unit_test(scattered_writes_find_extents),
        cmocka_unit_test(a_file_that_gets_shorter_harms_nobody),
        cmocka_unit_test(a_guest_that_writes_beyond_its_quota_ends),
        cmocka_unit_test(memory_files_are_paid_for),
        cmocka_unit_test(mapped_files_count_as_open),
        cmocka_unit_test(mappings_move),
    };
    return run_as_tap("hostcalls-memory", tests, sizeof tests / sizeof *tests);
}
