/* Granted directories and files: run.py mounts them, with links that lead out of them. */
#include <sys/socket.h>
#include <sys/un.h>
#include "check.h"

static void writable(void) {
    CHECK(holds("/rw/file", "file\n"));
    CHECK(put("/rw/made", "made by the guest"));
    CHECK(mkdir("/rw/directory", 0755) == 0 && put("/rw/directory/x", "x"));
    CHECK(rename("/rw/directory/x", "/rw/renamed") == 0 && holds("/rw/renamed", "x"));
    CHECK(unlink("/rw/victim") == 0 && FAILS(open("/rw/victim", O_RDONLY), ENOENT));
    CHECK(symlink("file", "/rw/inside") == 0 && holds("/rw/inside", "file\n"));
    CHECK(link("/rw/file", "/rw/linked") == 0 && holds("/rw/linked", "file\n"));
    CHECK(chmod("/rw/made", 0600) == 0 && mode_of("/rw/made") == (S_IFREG | 0600));
    CHECK(FAILS(chmod("/rw/made", 04755), EPERM)); /* no set-id bits on the host */
    CHECK(FAILS(rename("/rw/file", "/tmp/file"), EXDEV));
    CHECK(FAILS(rename("/rw", "/rw2"), EBUSY));
    CHECK(lists("/rw", "made") == 1 && lists("/", "rw") == 1);
}

static void read_only(void) {
    CHECK(holds("/ro/file", "file\n"));
    CHECK(FAILS(open("/ro/file", O_WRONLY), EROFS));
    CHECK(FAILS(open("/ro/file", O_RDONLY | O_TRUNC), EROFS));
    CHECK(FAILS(open("/ro/new", O_WRONLY | O_CREAT, 0600), EROFS));
    CHECK(FAILS(unlink("/ro/file"), EROFS));
    CHECK(FAILS(mkdir("/ro/d", 0700), EROFS));
    CHECK(FAILS(rmdir("/ro/sub"), EROFS));
    CHECK(FAILS(rename("/ro/file", "/ro/other"), EROFS));
    CHECK(FAILS(link("/ro/file", "/ro/other"), EROFS));
    CHECK(FAILS(symlink("file", "/ro/other"), EROFS));
    CHECK(FAILS(chmod("/ro/file", 0777), EROFS));
    CHECK(FAILS(truncate("/ro/file", 0), EROFS));
    CHECK(FAILS(access("/ro/file", W_OK), EROFS));
    CHECK(access("/ro/file", R_OK) == 0);
    int fd = open("/ro/file", O_RDONLY);
    CHECK(fd >= 0 && FAILS(ftruncate(fd, 0), EINVAL));
    CHECK(fchmod(fd, 0777) == -1);
    close(fd);
    int directory = open("/ro", O_RDONLY | O_DIRECTORY);
    CHECK(directory >= 0 && FAILS(openat(directory, "new", O_CREAT | O_WRONLY, 0600), EROFS));
    close(directory);
}

static void escaping(void) {
    char target[256];
    static const char *const ways_out[] = {
        "/rw/../outside/secret",
        "/rw/sub/../../outside/secret",
        "/rw/up",
        "/rw/up-directory/secret",
        "/rw/host",
        "/rw/host-directory/secret",
        "/rw/sub/../up",
        "/rw/../../../../../../etc/shadow",
        "/rw/root/etc/shadow",
    };
    for (unsigned i = 0; i < sizeof ways_out / sizeof *ways_out; i++) {
        printf("# %s\n", ways_out[i]);
        CHECK(open(ways_out[i], O_RDONLY) == -1 && (errno == ENOENT || errno == ELOOP));
        CHECK(open(ways_out[i], O_RDWR) == -1);
        CHECK(unlink(ways_out[i]) == 0 || errno == ENOENT); /* at most the link itself */
    }
    CHECK(symlink("../outside/secret", "/rw/mine") == 0);
    CHECK(FAILS(open("/rw/mine", O_RDONLY), ENOENT));
    CHECK(readlink("/rw/mine", target, sizeof target) > 0);
    CHECK(symlink("/", "/rw/top") == 0 && FAILS(open("/rw/top/outside/secret", O_RDONLY), ENOENT));
    CHECK(holds("/rw/top/rw/file", "file\n")); /* "/" is the guest's */
    int fd = open("/rw/sub", O_RDONLY | O_DIRECTORY);
    CHECK(FAILS(openat(fd, "../../outside/secret", O_RDONLY), ENOENT));
    CHECK(FAILS(openat(fd, "../../../../../../../../etc/shadow", O_RDONLY), ENOENT));
    close(fd);
    /* A FIFO of the host's is a pipe of this compartment's own: it leads to nobody else. */
    int pipe = open("/rw/pipe", O_RDWR | O_NONBLOCK);
    CHECK(pipe >= 0 && FAILS(read(pipe, target, sizeof target), EAGAIN));
    CHECK(write(pipe, "own", 3) == 3 && read(pipe, target, sizeof target) == 3);
    close(pipe);
}

static void single_file(void) {
    CHECK(holds("/etc/granted", "granted\n"));
    CHECK(lists("/etc", "granted") == 1 && lists("/etc", "passwd") == 1);
    CHECK(FAILS(unlink("/etc/granted"), EBUSY));
    CHECK(FAILS(open("/etc/granted/x", O_RDONLY), ENOTDIR));
    CHECK(FAILS(open("/etc/granted", O_WRONLY), EROFS));
    int fd = open("/deep/in/here", O_RDWR | O_APPEND);
    CHECK(fd >= 0 && write(fd, "appended", 8) == 8);
    close(fd);
    CHECK(holds("/deep/in/here", "writable\nappended"));
    CHECK(lists("/", "deep") == 1 && lists("/deep", "in") == 1 && lists("/deep/in", "here") == 1);
    CHECK(chdir("/deep/in") == 0 && holds("here", "writable\nappended"));
}

static int bind_to(int fd, const char *name) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, name);
    return bind(fd, (const struct sockaddr *)(const void *)&address, sizeof address);
}

static int connect_to(int fd, const char *name) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, name);
    return connect(fd, (const struct sockaddr *)(const void *)&address, sizeof address);
}

static void named_sockets(void) {
    char text[8] = "";
    int listener = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(FAILS(bind_to(listener, "/rw/file"), EADDRINUSE));
    CHECK(FAILS(bind_to(listener, "/ro/socket"), EROFS));
    CHECK(FAILS(bind_to(listener, "/tmp/socket"), EOPNOTSUPP));
    CHECK(bind_to(listener, "/rw/socket") == 0 && listen(listener, 5) == 0);
    CHECK(FAILS(connect_to(client, "/rw/missing"), ENOENT));
    CHECK(connect_to(client, "/rw/socket") == 0);
    int server = accept(listener, NULL, NULL);
    CHECK(server >= 0 && write(client, "hello", 5) == 5 && read(server, text, 8) == 5 &&
          !strcmp(text, "hello"));
    CHECK(unlink("/rw/socket") == 0);
    close(server), close(client), close(listener);
}

/* Locks of the process are each file's own, and a new open file whose structure another one had before isn't
 * taken for that. Locks of open files see them. */
static void locks(void) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int first = open("/rw/file", O_RDWR);
    CHECK(fcntl(first, F_SETLK, &lock) == 0);
    close(first);
    int other = open("/rw/made", O_RDWR), file = open("/rw/file", O_RDWR), looking = open("/rw/file", O_RDWR);
    CHECK(fcntl(other, F_SETLK, &lock) == 0 && fcntl(file, F_SETLK, &lock) == 0);
    close(other); /* drops the other file's only */
    CHECK(fcntl(looking, F_OFD_GETLK, &lock) == 0 && lock.l_type == F_WRLCK);
    close(file);
    lock = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
    CHECK(fcntl(looking, F_OFD_GETLK, &lock) == 0 && lock.l_type == F_UNLCK);
    close(looking);
}

int main(void) {
    writable();
    locks();
    read_only();
    escaping();
    single_file();
    named_sockets();
    return 0;
}
