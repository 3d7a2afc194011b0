/* inotify: which events come, in which order. The argument is an empty directory to work in. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "show.h"

static int notify;

/* All that has come: the watch, what, the name; whether the cookie is that of the event before. */
static void events(const char *title) {
    _Alignas(struct inotify_event) char buffer[4096];
    uint32_t cookie = 0;
    printf("%s:", title);
    for (long length; (length = read(notify, buffer, sizeof buffer)) > 0;)
        for (long at = 0; at < length;) {
            const struct inotify_event *event = (const void *)(buffer + at);
            printf(" %d:%x%s", event->wd, event->mask,
                   !event->cookie            ? ""
                   : event->cookie == cookie ? "="
                                             : "+");
            if (event->len)
                printf(":%s", event->name);
            cookie = event->cookie;
            at += (long)(sizeof *event + event->len);
        }
    printf(" (errno %d)\n", errno);
}

static void touch(const char *name, const char *text) {
    int fd = open(name, O_WRONLY | O_CREAT, 0644);
    if (*text && write(fd, text, strlen(text)) < 0)
        perror(name);
    close(fd);
}

static void in_a_directory(void) {
    char byte;
    int watch = inotify_add_watch(notify, "d", IN_ALL_EVENTS);
    SHOW(watch);
    touch("d/a", "");
    events("create");
    touch("d/a", "text");
    events("write");
    int fd = open("d/a", O_RDONLY);
    SHOW(read(fd, &byte, 1));
    close(fd);
    events("read");
    /* On mounts these are done to an open file. */
    SHOW(inotify_add_watch(notify, "d", IN_ATTRIB | IN_MODIFY));
    SHOW(chmod("d/a", 0600));
    SHOW(truncate("d/a", 1));
    events("change");
    SHOW(inotify_add_watch(notify, "d", IN_ALL_EVENTS));
    SHOW(rename("d/a", "d/b"));
    SHOW(rename("d/b", "outside"));
    SHOW(rename("outside", "d/c"));
    events("rename");
    SHOW(mkdir("d/sub", 0755));
    SHOW(symlink("x", "d/link"));
    SHOW(link("d/c", "d/hard"));
    events("names");
    SHOW(rmdir("d/sub"));
    SHOW(unlink("d/link"));
    SHOW(unlink("d/hard"));
    SHOW(unlink("d/c"));
    events("remove");
    SHOW(inotify_add_watch(notify, "d", IN_CREATE));
    SHOW(inotify_add_watch(notify, "d", IN_DELETE | IN_MASK_ADD));
    touch("d/e", "text");
    SHOW(unlink("d/e"));
    events("fewer");
    SHOW(inotify_rm_watch(notify, watch));
    SHOW(inotify_rm_watch(notify, watch));
    touch("d/f", "");
    events("removed watch");
}

static void of_a_file(void) {
    touch("file", "text");
    SHOW(inotify_add_watch(notify, "file", IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF));
    touch("file", "t");
    touch("file", "u"); /* one like the last isn't told again */
    SHOW(rename("file", "moved"));
    touch("moved", "v");
    events("file");
    int fd = open("moved", O_RDONLY);
    SHOW(unlink("moved"));
    events("unlinked");
    close(fd);
    events("gone");
    touch("once", "");
    SHOW(inotify_add_watch(notify, "once", IN_OPEN | IN_ONESHOT));
    touch("once", "");
    touch("once", "");
    events("once");
    SHOW(mkdir("self", 0755));
    SHOW(inotify_add_watch(notify, "self", IN_DELETE_SELF));
    SHOW(rmdir("self"));
    events("directory");
}

static void errors(void) {
    SHOW(inotify_init1(1));
    SHOW(inotify_add_watch(notify, "none", IN_CREATE));
    SHOW(inotify_add_watch(notify, "d", 0));
    SHOW(inotify_add_watch(notify, "file2", IN_CREATE | IN_ONLYDIR));
    SHOW(inotify_add_watch(0, "d", IN_CREATE));
    SHOW(inotify_rm_watch(notify, 4711));
    SHOW(symlink("d", "to-d"));
    SHOW(inotify_add_watch(notify, "to-d", IN_ONLYDIR | IN_DONT_FOLLOW | IN_CREATE));
}

/* It's waited for like any other file. */
static void waiting(void) {
    char small[8];
    int available = -1, set = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN};
    struct pollfd poll_one = {.fd = notify, .events = POLLIN};
    SHOW(inotify_add_watch(notify, "d", IN_CREATE) > 0);
    SHOW(epoll_ctl(set, EPOLL_CTL_ADD, notify, &event));
    SHOW(poll(&poll_one, 1, 0));
    SHOW(epoll_wait(set, &event, 1, 0));
    touch("d/wait", "");
    SHOW(poll(&poll_one, 1, -1));
    SHOW(epoll_wait(set, &event, 1, -1));
    SHOW(ioctl(notify, FIONREAD, &available));
    SHOW(available);
    SHOW(read(notify, small, sizeof small));
    events("waited");
    SHOW(poll(&poll_one, 1, 0));
    SHOW(write(notify, "x", 1));
    SHOW(lseek(notify, 0, SEEK_SET));
    close(set);
}

int main(int count, char **arguments) {
    if (count < 2 || chdir(arguments[1]))
        return 1;
    notify = inotify_init1(IN_NONBLOCK);
    SHOW(mkdir("d", 0755));
    touch("file2", "");
    in_a_directory();
    of_a_file();
    errors();
    waiting();
    return 0;
}
