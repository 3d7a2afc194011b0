/* Files beneath granted directories: what works, what flags and rights refuse, and that no path leads out. */
#include "fixture.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/syscall.h>

GUEST_TEST(opens_reads_and_writes) {
    uint64_t file = opened(guest, RW, "new", O_RDWR | O_CREAT | O_EXCL);
    assert_int_equal(HOSTCALL(ORC_WRITE, file, put(guest, BUFFER, "hello", 5), 5), 5);
    assert_int_equal(HOSTCALL(ORC_WRITE_AT, file, put(guest, BUFFER, "J", 1), 1, 0), 1);
    assert_string_equal(contents(guest, file), "Jello");
    assert_int_equal(HOSTCALL(ORC_READ, file, BUFFER, 10), 0); /* at the end */
    assert_int_equal(open_at(guest, RW, "new", O_RDWR | O_CREAT | O_EXCL, 0644), -EEXIST);
    assert_int_equal(HOSTCALL(ORC_CLOSE, file), 0);
    assert_int_equal(HOSTCALL(ORC_READ, file, BUFFER, 10), -EBADF);
    assert_int_equal(HOSTCALL(ORC_CLOSE, file), -EBADF);
    assert_string_equal(contents(guest, opened(guest, RW, "sub/../new", O_RDONLY)), "Jello");
    assert_string_equal(contents(guest, opened(guest, RO, "file", O_RDONLY)), "read-only");
}

GUEST_TEST(appends_and_truncates) {
    uint64_t file = opened(guest, RW, "file", O_RDWR | O_APPEND);
    assert_int_equal(HOSTCALL(ORC_WRITE_AT, file, put(guest, BUFFER, "!", 1), 1, 0), 1);
    assert_string_equal(contents(guest, file), "writable!");
    assert_int_equal(HOSTCALL(ORC_TRUNCATE, file, 5), 0);
    assert_string_equal(contents(guest, file), "writa");
    assert_int_equal(HOSTCALL(ORC_TRUNCATE, file, -1), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_ALLOCATE, file, 0, 0, 100), 0);
    assert_int_equal(HOSTCALL(ORC_ALLOCATE, file, FALLOC_FL_PUNCH_HOLE, 0, 100), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_ALLOCATE, file, 0x40 /* FALLOC_FL_UNSHARE_RANGE */, 0, 100), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_SYNC, file, 1), 0);
    assert_int_equal(HOSTCALL(ORC_STATUS, file, BUFFER), 0);
    assert_int_equal(((struct orc_status *)at(guest, BUFFER))->size, 100);
    opened(guest, RW, "file", O_WRONLY | O_TRUNC);
    assert_string_equal(contents(guest, file), "");
}

/* By handle and by name, in both forms: all tell the same. */
GUEST_TEST(tells_the_status) {
    uint64_t file = opened(guest, RW, "file", O_RDWR);
    struct stat linux_form;
    struct orc_status status;
    assert_int_equal(HOSTCALL(ORC_STATUS, file, BUFFER, 0), 0);
    memcpy(&status, at(guest, BUFFER), sizeof status);
    const char *names[] = {"file", "sub/../file", "./file"};
    for (unsigned i = 0; i < 3; i++)
        for (unsigned follow = 0; follow < 2; follow++) {
            memset(at(guest, BUFFER), 0x55, sizeof status);
            assert_int_equal(HOSTCALL(ORC_STATUS_AT, path_at(guest, RW, names[i]), follow, BUFFER), 0);
            assert_memory_equal(at(guest, BUFFER), &status, sizeof status);
        }
    assert_int_equal(HOSTCALL(ORC_STATUS, file, BUFFER, ORC_STATUS_OF_LINUX), 0);
    memcpy(&linux_form, at(guest, BUFFER), sizeof linux_form);
    assert_int_equal(linux_form.st_ino, status.inode);
    assert_int_equal(linux_form.st_dev, status.device);
    assert_int_equal(linux_form.st_size, status.size);
    assert_int_equal(linux_form.st_mode, status.mode);
    assert_int_equal(linux_form.st_mtim.tv_sec * INT64_C(1000000000) + linux_form.st_mtim.tv_nsec, status.modification);
    assert_int_equal(HOSTCALL(ORC_STATUS, file, BUFFER, 2), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_STATUS, file, BUFFER, UINT64_C(1) << 32 | 1), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_STATUS, file, READ_ONLY, ORC_STATUS_OF_LINUX), -EFAULT);
    assert_int_equal(HOSTCALL(ORC_STATUS, file, READ_ONLY - 8, ORC_STATUS_OF_LINUX), -EFAULT);
    assert_int_equal(HOSTCALL(ORC_STATUS, file, PAST_THE_END, ORC_STATUS_OF_LINUX), -EFAULT);
    assert_int_equal(HOSTCALL(ORC_STATUS_AT, path_at(guest, RW, "."), 0, BUFFER), 0);
    assert_true(S_ISDIR(((struct orc_status *)at(guest, BUFFER))->mode));
    assert_int_equal(HOSTCALL(ORC_STATUS_AT, path_at(guest, RW, "file/"), 0, BUFFER), -ENOTDIR);
    assert_int_equal(HOSTCALL(ORC_STATUS_AT, path_at(guest, RW, "missing"), 0, BUFFER), -ENOENT);
    assert_int_equal(HOSTCALL(ORC_STATUS_AT, path_at(guest, RW, "file"), 0, READ_ONLY), -EFAULT);
    host_link(guest, "file", "rw/inside");
    assert_int_equal(HOSTCALL(ORC_STATUS_AT, path_at(guest, RW, "inside"), 1 | ORC_NO_LINKS, BUFFER), -ELOOP);
    assert_int_equal(HOSTCALL(ORC_STATUS_AT, path_at(guest, RW, "inside"), ORC_NO_LINKS, BUFFER), 0);
    assert_true(S_ISLNK(((struct orc_status *)at(guest, BUFFER))->mode));
    assert_int_equal(HOSTCALL(ORC_STATUS_AT, path_at(guest, RW, "inside"), 1, BUFFER), 0);
    assert_memory_equal(at(guest, BUFFER), &status, sizeof status);
}

GUEST_TEST(refuses_flags_and_modes) {
    const uint64_t flags[] = {3,         O_DIRECT,             O_ASYNC,           O_SYNC, O_NOATIME,
                              O_CLOEXEC, UINT64_C(1) << 32,    UINT64_C(1) << 63, 0x80000000};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        assert_int_equal(open_at(guest, RW, "file", flags[i], 0), -EINVAL);
    const uint64_t modes[] = {04755, 02755, 01777, 010644, UINT64_MAX};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        assert_int_equal(open_at(guest, RW, "made", O_RDWR | O_CREAT, modes[i]), -EPERM);
        assert_int_equal(HOSTCALL(ORC_MAKE_DIRECTORY, path_at(guest, RW, "made"), modes[i]), -EPERM);
        assert_int_equal(HOSTCALL(ORC_SET_MODE, opened(guest, RW, "file", O_RDONLY), modes[i]), -EPERM);
    }
    assert_false(host_exists(guest, "rw/made"));
}

GUEST_TEST(a_read_only_grant_changes_nothing) {
    const uint64_t flags[] = {O_WRONLY, O_RDWR, O_RDONLY | O_TRUNC, O_RDONLY | O_CREAT, O_WRONLY | O_APPEND};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        assert_int_equal(open_at(guest, RO, "file", flags[i], 0), -EACCES);
    assert_int_equal(HOSTCALL(ORC_MAKE_DIRECTORY, path_at(guest, RO, "new"), 0755), -EACCES);
    assert_int_equal(HOSTCALL(ORC_REMOVE, path_at(guest, RO, "file"), 0), -EACCES);
    assert_int_equal(HOSTCALL(ORC_RENAME, path_at(guest, RO, "file"), path_at(guest, RW, "mine"), 0), -EACCES);
    assert_int_equal(HOSTCALL(ORC_RENAME, path_at(guest, RW, "file"), path_at(guest, RO, "file"), 0), -EACCES);
    /* A link in a writable directory would make the file writable. */
    assert_int_equal(HOSTCALL(ORC_LINK, path_at(guest, RO, "file"), path_at(guest, RW, "mine")), -EACCES);
    assert_int_equal(HOSTCALL(ORC_SYMBOLIC_LINK, path_at(guest, RO, "link"), put(guest, BUFFER, "file", 4), 4),
                     -EACCES);
    uint64_t file = opened(guest, RO, "file", O_RDONLY), directory = opened(guest, RO, "sub", O_RDONLY | O_DIRECTORY);
    const uint64_t handles[] = {file, directory, RO};
    for (size_t i = 0; i < sizeof handles / sizeof *handles; i++) {
        assert_int_equal(HOSTCALL(ORC_SET_MODE, handles[i], 0777), -EACCES);
        assert_int_equal(HOSTCALL(ORC_SET_TIMES, handles[i], put(guest, BUFFER, (int64_t[2]){0}, 16)), -EACCES);
        assert_int_equal(HOSTCALL(ORC_SYNC, handles[i], 0), -EACCES);
    }
    assert_int_equal(HOSTCALL(ORC_WRITE, file, BUFFER, 1), -EACCES);
    assert_int_equal(HOSTCALL(ORC_WRITE_AT, file, BUFFER, 1, 0), -EACCES);
    assert_int_equal(HOSTCALL(ORC_TRUNCATE, file, 0), -EACCES);
    assert_int_equal(HOSTCALL(ORC_ALLOCATE, file, 0, 0, 1), -EACCES);
    assert_int_equal(HOSTCALL(ORC_LOCK, file, put(guest, BUFFER, &(struct orc_lock){.type = F_WRLCK}, 24), 0), -EACCES);
    assert_int_equal(open_at(guest, (uint32_t)directory, "new", O_RDWR | O_CREAT, 0644), -EACCES);
    assert_string_equal(contents(guest, file), "read-only");
}

/* An attribute's name in the guest's memory. */
static uint32_t named(struct guest *guest, const char *name) {
    return put(guest, BUFFER + 0x1000, name, strlen(name));
}

GUEST_TEST(extended_attributes_are_the_users) {
    uint64_t file = opened(guest, RW, "file", O_RDONLY), read_only = opened(guest, RO, "file", O_RDONLY);
    int64_t set = HOSTCALL(ORC_XATTR_SET, file, named(guest, "user.a"), 6, put(guest, BUFFER, "value", 5), 5);
    assert_true(set == 0 || set == -EOPNOTSUPP); /* the file system has none */
    const char *const others[] = {"trusted.a", "security.a", "system.posix_acl_access", "user", "other.a"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        uint64_t length = strlen(others[i]);
        assert_int_equal(HOSTCALL(ORC_XATTR_SET, file, named(guest, others[i]), length, BUFFER, 1), -EOPNOTSUPP);
        assert_int_equal(HOSTCALL(ORC_XATTR_GET, file, named(guest, others[i]), length, BUFFER, 1), -EOPNOTSUPP);
        assert_int_equal(HOSTCALL(ORC_XATTR_REMOVE, file, named(guest, others[i]), length), -EOPNOTSUPP);
    }
    assert_int_equal(HOSTCALL(ORC_XATTR_SET, file, named(guest, "user.a"), UINT64_C(4) << 32 | 6, BUFFER, 1), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_XATTR_SET, file, named(guest, "user.a"), 6, BUFFER, 65537), -E2BIG);
    assert_int_equal(HOSTCALL(ORC_XATTR_SET, file, named(guest, "user.a"), 6, PAST_THE_END, 100), -EFAULT);
    assert_int_equal(HOSTCALL(ORC_XATTR_GET, file, NOWHERE, 6, BUFFER, 1), -EFAULT);
    assert_int_equal(HOSTCALL(ORC_XATTR_GET, file, named(guest, "user.a"), 256, BUFFER, 1), -ERANGE);
    assert_int_equal(HOSTCALL(ORC_XATTR_GET, file, put(guest, BUFFER + 0x1000, "user.\0", 6), 6, BUFFER, 1), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_XATTR_SET, read_only, named(guest, "user.a"), 6, BUFFER, 1), -EACCES);
    assert_int_equal(HOSTCALL(ORC_XATTR_REMOVE, read_only, named(guest, "user.a"), 6), -EACCES);
    if (set < 0)
        return;
    assert_int_equal(HOSTCALL(ORC_XATTR_GET, file, named(guest, "user.a"), 6, BUFFER, 100), 5);
    assert_memory_equal(at(guest, BUFFER), "value", 5);
    assert_int_equal(HOSTCALL(ORC_XATTR_LIST, file, BUFFER, 100), 7);
    assert_string_equal(at(guest, BUFFER), "user.a");
    assert_int_equal(HOSTCALL(ORC_XATTR_LIST, file, BUFFER, 6), -ERANGE);
    assert_int_equal(HOSTCALL(ORC_XATTR_REMOVE, file, named(guest, "user.a"), 6), 0);
    assert_int_equal(HOSTCALL(ORC_XATTR_LIST, file, BUFFER, 100), 0);
}

GUEST_TEST(nameless_files_get_a_name) {
    assert_int_equal(open_at(guest, RO, "sub", O_TMPFILE | O_RDWR, 0600), -EACCES);
    assert_int_equal(open_at(guest, RW, "sub", O_TMPFILE | O_RDONLY, 0600), -EINVAL);
    assert_int_equal(open_at(guest, RW, "sub", O_TMPFILE | O_RDWR, 04600), -EPERM);
    uint64_t file = opened(guest, RW, "sub", O_TMPFILE | O_RDWR);
    assert_int_equal(HOSTCALL(ORC_WRITE_AT, file, put(guest, BUFFER, "found", 5), 5, 0), 5);
    assert_int_equal(HOSTCALL(ORC_LINK_HANDLE, file, path_at(guest, RO, "named")), -EACCES);
    assert_int_equal(HOSTCALL(ORC_LINK_HANDLE, file, path_at(guest, RW, "../named")), -EXDEV);
    assert_int_equal(HOSTCALL(ORC_LINK_HANDLE, file, path_at(guest, RW, "named")), 0);
    assert_string_equal(contents(guest, opened(guest, RW, "named", O_RDONLY)), "found");
    /* What has a name already is linked by that. */
    assert_int_equal(HOSTCALL(ORC_LINK_HANDLE, file, path_at(guest, RW, "again")), -EPERM);
    assert_int_equal(HOSTCALL(ORC_LINK_HANDLE, opened(guest, RO, "file", O_RDONLY), path_at(guest, RW, "mine")), -EACCES);
    assert_int_equal(HOSTCALL(ORC_LINK_HANDLE, RW, path_at(guest, RW, "mine")), -EINVAL);
}

GUEST_TEST(fifos_have_names_and_nothing_else) {
    assert_int_equal(HOSTCALL(ORC_MAKE_FIFO, path_at(guest, RO, "fifo"), 0600), -EACCES);
    assert_int_equal(HOSTCALL(ORC_MAKE_FIFO, path_at(guest, RW, "fifo"), S_IFCHR | 0600), -EPERM);
    assert_int_equal(HOSTCALL(ORC_MAKE_FIFO, path_at(guest, RW, "../fifo"), 0600), -EXDEV);
    assert_int_equal(HOSTCALL(ORC_MAKE_FIFO, path_at(guest, RW, "fifo"), 0600), 0);
    assert_int_equal(HOSTCALL(ORC_MAKE_FIFO, path_at(guest, RW, "fifo"), 0600), -EEXIST);
    assert_int_equal(open_at(guest, RW, "fifo", O_RDONLY, 0), -EACCES);
    assert_int_equal(open_at(guest, RW, "fifo", O_RDWR, 0), -EACCES);
    assert_int_equal(HOSTCALL(ORC_SET_MODE, opened(guest, RW, "fifo", O_PATH | O_NOFOLLOW), 0640), 0);
    host_link(guest, "../secret", "rw/out");
    assert_int_equal(HOSTCALL(ORC_SET_MODE, opened(guest, RW, "out", O_PATH | O_NOFOLLOW), 0640), -EBADF);
    assert_int_equal(HOSTCALL(ORC_SET_MODE, opened(guest, RW, "file", O_PATH), 0640), -EBADF);
    int64_t times[2] = {1000000000, 2000000000};
    assert_int_equal(HOSTCALL(ORC_SET_TIMES_AT, path_at(guest, RW, "fifo"), put(guest, BUFFER, times, sizeof times)), 0);
    assert_int_equal(HOSTCALL(ORC_STATUS_AT, path_at(guest, RW, "fifo"), 0, BUFFER), 0);
    assert_int_equal(((struct orc_status *)at(guest, BUFFER))->modification, 2000000000);
    assert_int_equal(((struct orc_status *)at(guest, BUFFER))->mode, S_IFIFO | 0640);
}

GUEST_TEST(times_of_names_follow_no_link) {
    host_link(guest, "../secret", "rw/out");
    int64_t times[2] = {1000000000, 2000000000};
    uint32_t given = put(guest, BUFFER, times, sizeof times);
    assert_int_equal(HOSTCALL(ORC_SET_TIMES_AT, path_at(guest, RW, "out"), given), 0);
    assert_int_equal(HOSTCALL(ORC_SET_TIMES_AT, path_at(guest, RW, "out/"), given), 0); /* the link's own all the same */
    assert_int_equal(HOSTCALL(ORC_SET_TIMES_AT, path_at(guest, RW, "../secret"), given), -EXDEV);
    assert_int_equal(HOSTCALL(ORC_SET_TIMES_AT, path_at(guest, RO, "file"), given), -EACCES);
    assert_int_equal(HOSTCALL(ORC_SET_TIMES_AT, path_at(guest, RW, "out"), NOWHERE), -EFAULT);
    struct stat link, secret;
    assert_int_equal(lstat(host_path(guest, "rw/out"), &link), 0);
    assert_int_equal(link.st_mtim.tv_sec, 2);
    assert_int_equal(stat(host_path(guest, "secret"), &secret), 0);
    assert_int_not_equal(secret.st_mtim.tv_sec, 2);
}

GUEST_TEST(exchanges_names) {
    host_file(guest, "rw/other", "other");
    assert_int_equal(HOSTCALL(ORC_RENAME, path_at(guest, RW, "file"), path_at(guest, RW, "other"), RENAME_EXCHANGE), 0);
    assert_string_equal(contents(guest, opened(guest, RW, "file", O_RDONLY)), "other");
    assert_int_equal(HOSTCALL(ORC_RENAME, path_at(guest, RW, "file"), path_at(guest, RO, "file"), RENAME_EXCHANGE),
                     -EACCES);
    assert_int_equal(HOSTCALL(ORC_RENAME, path_at(guest, RW, "file"), path_at(guest, RW, "other"), RENAME_WHITEOUT),
                     -EINVAL);
}

GUEST_TEST(flock_wants_the_right_to_write) {
    uint64_t first = opened(guest, RW, "file", O_RDONLY), second = opened(guest, RW, "file", O_RDONLY);
    assert_int_equal(HOSTCALL(ORC_FLOCK, first, LOCK_EX, 0), 0);
    assert_int_equal(HOSTCALL(ORC_FLOCK, second, LOCK_SH, 0), -EAGAIN);
    assert_int_equal(HOSTCALL(ORC_FLOCK, first, LOCK_SH, 0), 0);
    assert_int_equal(HOSTCALL(ORC_FLOCK, second, LOCK_SH, 1), 0);
    assert_int_equal(HOSTCALL(ORC_FLOCK, first, LOCK_UN, 0), 0);
    assert_int_equal(HOSTCALL(ORC_FLOCK, first, LOCK_EX | LOCK_NB, 0), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_FLOCK, first, LOCK_EX, 2), -EINVAL);
    uint64_t read_only = opened(guest, RO, "file", O_RDONLY);
    assert_int_equal(HOSTCALL(ORC_FLOCK, read_only, LOCK_EX, 0), -EACCES);
    assert_int_equal(HOSTCALL(ORC_FLOCK, read_only, LOCK_SH, 0), 0);
    assert_int_equal(HOSTCALL(ORC_FLOCK, RW, LOCK_SH, 0), -EPERM);
}

GUEST_TEST(finds_data_and_holes) {
    uint64_t file = opened(guest, RW, "sparse", O_RDWR | O_CREAT);
    assert_int_equal(HOSTCALL(ORC_TRUNCATE, file, 0x100000), 0);
    assert_int_equal(HOSTCALL(ORC_SEEK, file, 0, SEEK_HOLE), 0);
    assert_int_equal(HOSTCALL(ORC_SEEK, file, 0x100000, SEEK_DATA), -ENXIO);
    assert_int_equal(HOSTCALL(ORC_SEEK, file, 0, SEEK_SET), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_SEEK, file, UINT64_MAX, SEEK_DATA), -ENXIO);
    assert_int_equal(HOSTCALL(ORC_SEEK, RW, 0, SEEK_DATA), -EINVAL);
}

/* How many events the guest reads from a notify handle, or -errno. */
static int64_t events(struct guest *guest, uint64_t notify) {
    int64_t length = HOSTCALL(ORC_READ, notify, BUFFER, 4096), count = 0;
    for (int64_t done = 0; done < length; count++)
        done += (int64_t)(sizeof(struct inotify_event) + ((struct inotify_event *)at(guest, BUFFER + (uint32_t)done))->len);
    return length < 0 ? length : count;
}

GUEST_TEST(watches_what_is_granted) {
    uint64_t notify = (uint64_t)HOSTCALL(ORC_NOTIFY, 0);
    assert_int_equal(events(guest, notify), -EAGAIN);
    assert_true(HOSTCALL(ORC_NOTIFY_WATCH, notify, path_at(guest, RW, "sub"), IN_CREATE | IN_OPEN, 0) > 0);
    host_file(guest, "rw/sub/new", "");
    assert_int_equal(events(guest, notify), 2);
    assert_int_equal(HOSTCALL(ORC_NOTIFY_WATCH, notify, path_at(guest, RW, "../outside"), IN_CREATE, 0), -EXDEV);
    host_link(guest, "../outside", "rw/outside");
    assert_int_equal(HOSTCALL(ORC_NOTIFY_WATCH, notify, path_at(guest, RW, "outside"), IN_CREATE, 0), -EXDEV);
    assert_int_equal(HOSTCALL(ORC_NOTIFY_WATCH, notify, path_at(guest, RW, "outside"), IN_CREATE, ORC_NO_LINKS), -ELOOP);
    assert_int_equal(HOSTCALL(ORC_NOTIFY_WATCH, notify, path_at(guest, RW, "sub"), UINT64_C(1) << 32, 0), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_NOTIFY_WATCH, RW, path_at(guest, RW, "sub"), IN_CREATE, 0), -EINVAL);
    /* Others' reading isn't told where this one may only read itself. */
    assert_int_equal(HOSTCALL(ORC_NOTIFY_WATCH, notify, path_at(guest, RO, "file"), IN_MODIFY | IN_ACCESS, 0), -EACCES);
    int64_t number = HOSTCALL(ORC_NOTIFY_WATCH, notify, path_at(guest, RO, "file"), IN_MODIFY, 0);
    assert_true(number > 0);
    assert_int_equal(HOSTCALL(ORC_NOTIFY_REMOVE, notify, (uint64_t)number), 0);
    assert_int_equal(HOSTCALL(ORC_NOTIFY_REMOVE, notify, (uint64_t)number), -EINVAL);
}

GUEST_TEST(has_few_watches) {
    uint64_t notify = (uint64_t)HOSTCALL(ORC_NOTIFY, 0);
    for (unsigned i = 0; i < ORC_MAX_WATCHES; i++) /* of one file, but each counts */
        assert_true(HOSTCALL(ORC_NOTIFY_WATCH, notify, path_at(guest, RW, "sub"), IN_CREATE, 0) > 0);
    assert_int_equal(HOSTCALL(ORC_NOTIFY_WATCH, notify, path_at(guest, RW, "sub"), IN_CREATE, 0), -ENOSPC);
    int made = 1;
    while (HOSTCALL(ORC_NOTIFY, 0) > 0)
        made++;
    assert_int_equal(made, 4);
    assert_int_equal(HOSTCALL(ORC_NOTIFY, 0), -EMFILE);
    assert_int_equal(HOSTCALL(ORC_CLOSE, notify), 0);
    assert_true(HOSTCALL(ORC_NOTIFY, 0) > 0);
}

GUEST_TEST(nothing_leads_out) {
    char absolute[128];
    snprintf(absolute, sizeof absolute, "%s", host_path(guest, "secret"));
    host_link(guest, "../secret", "rw/out");
    host_link(guest, absolute, "rw/absolute");
    host_link(guest, "../outside", "rw/outside");
    host_link(guest, "sub/../..", "rw/up");
    host_link(guest, "loop", "rw/loop");
    uint64_t local = (uint64_t)HOSTCALL(ORC_SOCKET, AF_UNIX, SOCK_STREAM, 0);
    host_link(guest, "file", "rw/inside");
    const char *leading_out[] = {"../secret", "out",    "absolute",  absolute,          "outside/secret", "up/secret",
                                 "..",        "sub/../../secret", "/", "//secret", "sub/../../rw/file"};
    for (size_t i = 0; i < sizeof leading_out / sizeof *leading_out; i++) {
        const char *path = leading_out[i];
        assert_int_equal(open_at(guest, RW, path, O_RDONLY, 0), -EXDEV);
        assert_int_equal(open_at(guest, RW, path, O_WRONLY | O_CREAT | O_TRUNC, 0644), -EXDEV);
        assert_int_equal(open_at(guest, RW, path, O_PATH, 0), -EXDEV);
        assert_int_equal(HOSTCALL(ORC_STATUS_AT, path_at(guest, RW, path), 1, BUFFER), -EXDEV);
        assert_int_equal(HOSTCALL(ORC_SOCKET_CONNECT_PATH, local, path_at(guest, RW, path)), -EXDEV);
    }
    const char *parents_out[] = {"../new", "outside/new", "up/new", "/tmp/new", "/new", "up/outside/new"};
    for (size_t i = 0; i < sizeof parents_out / sizeof *parents_out; i++) {
        const char *path = parents_out[i];
        assert_int_equal(HOSTCALL(ORC_MAKE_DIRECTORY, path_at(guest, RW, path), 0755), -EXDEV);
        assert_int_equal(HOSTCALL(ORC_REMOVE, path_at(guest, RW, path), 0), -EXDEV);
        assert_int_equal(HOSTCALL(ORC_RENAME, path_at(guest, RW, "file"), path_at(guest, RW, path), 0), -EXDEV);
        assert_int_equal(HOSTCALL(ORC_RENAME, path_at(guest, RW, path), path_at(guest, RW, "taken"), 0), -EXDEV);
        assert_int_equal(HOSTCALL(ORC_LINK, path_at(guest, RW, path), path_at(guest, RW, "taken")), -EXDEV);
        assert_int_equal(HOSTCALL(ORC_LINK, path_at(guest, RW, "file"), path_at(guest, RW, path)), -EXDEV);
        assert_int_equal(HOSTCALL(ORC_SYMBOLIC_LINK, path_at(guest, RW, path), put(guest, BUFFER, "x", 1), 1), -EXDEV);
        assert_int_equal(HOSTCALL(ORC_READ_LINK, path_at(guest, RW, path), BUFFER, 100), -EXDEV);
        assert_int_equal(HOSTCALL(ORC_SOCKET_BIND_PATH, local, path_at(guest, RW, path)), -EXDEV);
    }
    assert_int_equal(open_at(guest, RW, "loop", O_RDONLY, 0), -ELOOP);
    assert_string_equal(contents(guest, opened(guest, RW, "inside", O_RDONLY)), "writable");
    assert_int_equal(open_at(guest, RW, "inside", O_RDONLY | ORC_NO_LINKS, 0), -ELOOP);
    assert_int_equal(open_at(guest, RW, "inside", O_RDONLY | O_NOFOLLOW, 0), -ELOOP);
}

GUEST_TEST(acts_on_links_themselves) {
    host_link(guest, "../secret", "rw/out");
    assert_int_equal(HOSTCALL(ORC_READ_LINK, path_at(guest, RW, "out"), BUFFER, 100), 9);
    assert_memory_equal(at(guest, BUFFER), "../secret", 9);
    assert_int_equal(HOSTCALL(ORC_READ_LINK, path_at(guest, RW, "file"), BUFFER, 100), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_STATUS_AT, path_at(guest, RW, "out"), 0, BUFFER), 0);
    assert_true(S_ISLNK(((struct orc_status *)at(guest, BUFFER))->mode));
    assert_int_equal(HOSTCALL(ORC_LINK, path_at(guest, RW, "out"), path_at(guest, RW, "copy")), 0);
    assert_int_equal(open_at(guest, RW, "copy", O_RDONLY, 0), -EXDEV);
    assert_int_equal(HOSTCALL(ORC_REMOVE, path_at(guest, RW, "out/"), 1), -ENOTDIR);
    assert_int_equal(HOSTCALL(ORC_LINK, path_at(guest, RW, "out/"), path_at(guest, RW, "c2")), -ENOTDIR);
    assert_int_equal(HOSTCALL(ORC_REMOVE, path_at(guest, RW, "out"), 0), 0);
    assert_int_equal(HOSTCALL(ORC_SYMBOLIC_LINK, path_at(guest, RW, "made"), put(guest, BUFFER, "/etc", 4), 4), 0);
    assert_int_equal(open_at(guest, RW, "made/passwd", O_RDONLY, 0), -EXDEV);
}

GUEST_TEST(changes_directories) {
    assert_int_equal(HOSTCALL(ORC_MAKE_DIRECTORY, path_at(guest, RW, "sub/new/"), 0755), 0);
    assert_int_equal(HOSTCALL(ORC_RENAME, path_at(guest, RW, "file"), path_at(guest, RW, "sub/new/moved"), 0), 0);
    assert_int_equal(HOSTCALL(ORC_REMOVE, path_at(guest, RW, "sub/new"), 1), -ENOTEMPTY);
    assert_int_equal(HOSTCALL(ORC_REMOVE, path_at(guest, RW, "sub/new"), 0), -EISDIR);
    host_file(guest, "rw/other", "other");
    assert_int_equal(HOSTCALL(ORC_RENAME, path_at(guest, RW, "other"), path_at(guest, RW, "sub/new/moved"), 1), -EEXIST);
    assert_int_equal(HOSTCALL(ORC_RENAME, path_at(guest, RW, "other"), path_at(guest, RW, "sub"), 3), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_REMOVE, path_at(guest, RW, "sub/new/moved"), 0), 0);
    assert_int_equal(HOSTCALL(ORC_REMOVE, path_at(guest, RW, "sub/new"), 1), 0);
    const char *names[] = {"", ".", "..", "sub/.", "sub/.."};
    const int64_t refused[] = {-ENOENT, -EINVAL, -EINVAL, -EINVAL, -EINVAL};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_equal(HOSTCALL(ORC_REMOVE, path_at(guest, RW, names[i]), 1), refused[i]);
}

GUEST_TEST(lists_entries) {
    /* The position in a granted directory belongs to all who hold it. */
    assert_int_equal(HOSTCALL(ORC_ENTRIES, RO, BUFFER, 0x1000), -EPERM);
    assert_int_equal(HOSTCALL(ORC_REWIND, RO, 0), -EPERM);
    uint64_t directory = opened(guest, RO, "", O_RDONLY | O_DIRECTORY);
    for (int round = 0; round < 2; round++) {
        int64_t got = HOSTCALL(ORC_ENTRIES, directory, BUFFER, 0x1000);
        assert_true(got > 0);
        unsigned names = 0;
        for (int64_t done = 0; done < got; names++)
            done += *(uint16_t *)at(guest, BUFFER + (uint32_t)done + 16); /* d_reclen */
        assert_int_equal(names, 4);
        assert_int_equal(HOSTCALL(ORC_ENTRIES, directory, BUFFER, 0x1000), 0);
        assert_int_equal(HOSTCALL(ORC_REWIND, directory, 0), 0);
    }
    assert_int_equal(HOSTCALL(ORC_ENTRIES, directory, BUFFER, 8), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_ENTRIES, directory, NOWHERE, 0x1000), -EFAULT);
    assert_int_equal(HOSTCALL(ORC_ENTRIES, opened(guest, RW, "file", O_RDONLY), BUFFER, 0x1000), -EINVAL);
}

GUEST_TEST(refuses_what_is_no_file) {
    assert_int_equal(mknod(host_path(guest, "rw/fifo"), S_IFIFO | 0666, 0), 0);
    assert_int_equal(open_at(guest, RW, "fifo", O_RDONLY, 0), -EACCES);
    assert_int_equal(open_at(guest, RW, "fifo", O_RDWR, 0), -EACCES);
    uint64_t named = opened(guest, RW, "fifo", O_PATH);
    assert_int_equal(HOSTCALL(ORC_READ, named, BUFFER, 1), -EBADF);
    uint64_t dev = grant(guest, open("/dev", O_PATH | O_CLOEXEC), ORC_GRANT_READ | ORC_GRANT_WRITE);
    assert_int_equal(open_at(guest, (uint32_t)dev, "null", O_RDWR, 0), -EACCES);
    uint64_t null = grant(guest, open("/dev/null", O_RDWR | O_CLOEXEC), ORC_GRANT_READ | ORC_GRANT_WRITE);
    assert_int_equal(HOSTCALL(ORC_WRITE, null, BUFFER, 100), 100); /* granted by itself it is meant */
}

/* /proc/self/mem would be the memory of the whole cell. */
GUEST_TEST(other_mounts_are_not_granted_along) {
    uint64_t root = grant(guest, open("/", O_PATH | O_CLOEXEC), ORC_GRANT_READ);
    assert_int_equal(open_at(guest, (uint32_t)root, "proc/self/mem", O_RDONLY, 0), -EXDEV);
    assert_int_equal(open_at(guest, (uint32_t)root, "proc", O_PATH, 0), -EXDEV);
    assert_int_equal(HOSTCALL(ORC_STATUS_AT, path_at(guest, (uint32_t)root, "proc/self"), 1, BUFFER), -EXDEV);
    assert_int_equal(HOSTCALL(ORC_STATUS_AT, path_at(guest, (uint32_t)root, "proc"), 1, BUFFER), -EXDEV);
    assert_int_equal(HOSTCALL(ORC_STATUS_AT, path_at(guest, (uint32_t)root, "proc"), 0, BUFFER), -EXDEV);
    assert_int_equal(HOSTCALL(ORC_READ_LINK, path_at(guest, (uint32_t)root, "proc/self/exe"), BUFFER, 100), -EXDEV);
    struct orc_file *file = NULL;
    struct orc_error error = {0};
    int fd = open("/proc/self", O_PATH | O_CLOEXEC);
    assert_int_not_equal(orc_file_create(guest->base.cell, fd, &file, &error), 0);
    close(fd);
}

GUEST_TEST(a_granted_file_again) {
    assert_int_equal(HOSTCALL(ORC_WRITE, LOG, put(guest, BUFFER, "one", 3), 3), 3);
    assert_int_equal(HOSTCALL(ORC_READ, LOG, BUFFER, 3), -EACCES);
    assert_int_equal(open_at(guest, LOG, "", O_RDONLY, 0), -EACCES);
    assert_int_equal(open_at(guest, LOG, "", O_RDWR, 0), -EACCES);
    assert_int_equal(open_at(guest, LOG, "", O_WRONLY | O_DIRECTORY, 0), -ENOTDIR);
    assert_int_equal(open_at(guest, LOG, "../secret", O_WRONLY, 0), -EINVAL);
    uint64_t again = opened(guest, LOG, "", O_WRONLY);
    assert_int_equal(HOSTCALL(ORC_WRITE_AT, again, put(guest, BUFFER, "two", 3), 3, 0), 3); /* still appends */
    assert_int_equal(HOSTCALL(ORC_READ, again, BUFFER, 3), -EACCES);
    uint64_t input = grant(guest, open(host_path(guest, "log"), O_RDONLY | O_CLOEXEC), ORC_GRANT_READ | ORC_GRANT_WRITE);
    assert_string_equal(contents(guest, input), "onetwo");
    /* The right to write doesn't go beyond the descriptor's own. */
    assert_int_equal(open_at(guest, (uint32_t)input, "", O_RDWR, 0), -EACCES);
    assert_int_equal(open_at(guest, (uint32_t)input, "", O_WRONLY, 0), -EACCES);
    assert_int_equal(open_at(guest, (uint32_t)input, "", O_RDONLY | O_TRUNC, 0), -EACCES);
    assert_string_equal(contents(guest, opened(guest, (uint32_t)input, "", O_RDONLY)), "onetwo");
}

GUEST_TEST(refuses_bad_paths) {
    const uint32_t here = BUFFER;
    struct orc_path bad[] = {
        {RW, NOWHERE, 4},           {RW, PAST_THE_END, 100},   {RW, 0, 4},
        {RW, here, ORC_MAX_PATH},   {RW, here, UINT32_MAX},    {ORC_NO_HANDLE, here, 4},
        {40, here, 4},              {LOG, here, 4},            {RW, here + 0x100, 3},
    };
    const int64_t expected[] = {-EFAULT, -EFAULT, -EFAULT, -ENAMETOOLONG, -ENAMETOOLONG, -EBADF, -EBADF, -EINVAL, -EINVAL};
    put(guest, here, "file", 4);
    put(guest, here + 0x100, "a\0b", 3);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint32_t path = put(guest, MEMORY, &bad[i], sizeof bad[i]);
        assert_int_equal(HOSTCALL(ORC_OPEN, path, O_WRONLY, 0), expected[i]);
        assert_int_equal(HOSTCALL(ORC_REMOVE, path, 0), expected[i]);
    }
    const uint32_t nowhere[] = {0, NOWHERE, PAST_THE_END, UINT32_MAX};
    for (size_t i = 0; i < sizeof nowhere / sizeof *nowhere; i++)
        for (unsigned number = ORC_OPEN; number <= ORC_SYMBOLIC_LINK; number++) {
            int64_t result = HOSTCALL(number, nowhere[i], 0, 0, 0);
            bool by_handle = number == ORC_ENTRIES || number == ORC_REWIND;
            if (!by_handle && !(number == ORC_READ_LINK && result == -EINVAL))
                assert_int_equal(result, -EFAULT);
        }
    assert_true(host_exists(guest, "rw/file"));
}

GUEST_TEST(locks_by_open_file) {
    host_file(guest, "rw/shared", "");
    uint64_t shared = grant(guest, open(host_path(guest, "rw/shared"), O_RDWR), ORC_GRANT_READ | ORC_GRANT_WRITE);
    uint32_t asked = put(guest, BUFFER, &(struct orc_lock){.type = F_WRLCK}, sizeof(struct orc_lock));
    assert_int_equal(HOSTCALL(ORC_LOCK, shared, asked, 0), -EPERM);
    uint64_t one = opened(guest, RW, "file", O_RDWR), two = opened(guest, RW, "file", O_RDWR);
    uint32_t lock = put(guest, BUFFER, &(struct orc_lock){.type = F_WRLCK}, sizeof(struct orc_lock));
    assert_int_equal(HOSTCALL(ORC_LOCK, one, lock, 0), 0);
    assert_int_equal(HOSTCALL(ORC_LOCK, two, lock, 0), -EAGAIN);
    assert_int_equal(HOSTCALL(ORC_LOCK, two, lock, ORC_LOCK_QUERY), 0);
    assert_int_equal(((struct orc_lock *)at(guest, BUFFER))->type, F_WRLCK);
    assert_int_equal(HOSTCALL(ORC_CLOSE, one), 0);
    assert_int_equal(HOSTCALL(ORC_LOCK, two, lock, ORC_LOCK_QUERY), 0);
    assert_int_equal(((struct orc_lock *)at(guest, BUFFER))->type, F_UNLCK);
    put(guest, BUFFER, &(struct orc_lock){.type = F_WRLCK}, sizeof(struct orc_lock));
    assert_int_equal(HOSTCALL(ORC_LOCK, two, lock, 3), -EINVAL);
    assert_int_equal(HOSTCALL(ORC_LOCK, two, lock, 1), 0);
    put(guest, BUFFER, &(struct orc_lock){.type = 7}, sizeof(struct orc_lock));
    assert_int_equal(HOSTCALL(ORC_LOCK, two, lock, 0), -EINVAL);
    put(guest, BUFFER, &(struct orc_lock){.type = F_RDLCK, .start = -5, .length = 1}, sizeof(struct orc_lock));
    assert_int_equal(HOSTCALL(ORC_LOCK, two, lock, 0), -EINVAL);
}

GUEST_TEST(sets_times) {
    uint64_t file = opened(guest, RW, "file", O_RDWR);
    put(guest, BUFFER, (int64_t[2]){-1500000000, ORC_TIME_OMIT}, 16);
    assert_int_equal(HOSTCALL(ORC_SET_TIMES, file, BUFFER), 0);
    assert_int_equal(HOSTCALL(ORC_STATUS, file, BUFFER + 64), 0);
    struct orc_status *status = at(guest, BUFFER + 64);
    assert_int_equal(status->access, -1500000000);
    assert_true(status->modification > 0);
}

/* While the guest opens a path, another thread swaps a directory on it for a link that leads out. */
static struct {
    char directory[128], link[128], target[128];
    volatile bool stop;
} swap;

static void *swap_all_the_time(void *unused) {
    while (!swap.stop)
        syscall(SYS_renameat2, AT_FDCWD, swap.directory, AT_FDCWD, swap.link, RENAME_EXCHANGE);
    return unused;
}

GUEST_TEST(wins_no_race) {
    host_link(guest, "../outside", "rw/link");
    host_file(guest, "rw/sub/secret", "harmless");
    snprintf(swap.directory, sizeof swap.directory, "%s", host_path(guest, "rw/sub"));
    snprintf(swap.link, sizeof swap.link, "%s", host_path(guest, "rw/link"));
    pthread_t thread;
    swap.stop = false;
    pthread_create(&thread, NULL, swap_all_the_time, NULL);
    unsigned opens = 0, refused = 0, made = 0;
    for (int i = 0; i < 3000; i++) {
        int64_t handle = open_at(guest, RW, "sub/secret", O_RDONLY, 0);
        if (handle >= 0) {
            assert_string_equal(contents(guest, (uint64_t)handle), "harmless");
            HOSTCALL(ORC_CLOSE, (uint64_t)handle);
            opens++;
        } else {
            assert_true(handle == -EXDEV || handle == -ENOENT || handle == -EAGAIN);
            refused++;
        }
        made += HOSTCALL(ORC_MAKE_DIRECTORY, path_at(guest, RW, "sub/made"), 0755) == 0;
        HOSTCALL(ORC_REMOVE, path_at(guest, RW, "sub/secret.no"), 0);
        HOSTCALL(ORC_REMOVE, path_at(guest, RW, "sub/made"), 1);
        assert_false(host_exists(guest, "outside/made"));
    }
    swap.stop = true;
    pthread_join(thread, NULL);
    assert_true(host_exists(guest, "outside/secret"));
    assert_true(opens > 0 && refused > 0 && made > 0); /* else it was no race */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_reads_and_writes),
        cmocka_unit_test(appends_and_truncates),
        cmocka_unit_test(tells_the_status),
        cmocka_unit_test(refuses_flags_and_modes),
        cmocka_unit_test(a_read_only_grant_changes_nothing),
        cmocka_unit_test(extended_attributes_are_the_users),
        cmocka_unit_test(nameless_files_get_a_name),
        cmocka_unit_test(fifos_have_names_and_nothing_else),
        cmocka_unit_test(times_of_names_follow_no_link),
        cmocka_unit_test(exchanges_names),
        cmocka_unit_test(flock_wants_the_right_to_write),
        cmocka_unit_test(finds_data_and_holes),
        cmocka_unit_test(watches_what_is_granted),
        cmocka_unit_test(has_few_watches),
        cmocka_unit_test(nothing_leads_out),
        cmocka_unit_test(acts_on_links_themselves),
        cmocka_unit_test(changes_directories),
        cmocka_unit_test(lists_entries),
        cmocka_unit_test(refuses_what_is_no_file),
        cmocka_unit_test(other_mounts_are_not_granted_along),
        cmocka_unit_test(a_granted_file_again),
        cmocka_unit_test(refuses_bad_paths),
        cmocka_unit_test(locks_by_open_file),
        cmocka_unit_test(sets_times),
        cmocka_unit_test(wins_no_race),
    };
    return run_as_tap("hostcalls-files", tests, sizeof tests / sizeof *tests);
}
