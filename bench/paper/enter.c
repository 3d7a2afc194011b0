/* enter FILE PROGRAM [ARGUMENT...]: joins the cgroup whose cgroup.procs is FILE, and becomes the program. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv) {
    if (argc < 3) {
        fputs("usage: enter FILE PROGRAM [ARGUMENT...]\n", stderr);
        return 2;
    }
    int fd = open(argv[1], O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, "0", 1) != 1) {
        perror(argv[1]);
        return 1;
    }
    execv(argv[2], argv + 2);
    perror(argv[2]);
    return 1;
}
