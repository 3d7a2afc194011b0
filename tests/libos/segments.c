/* System V shared memory within one process. Its segments are gone in the end, natively too. */
#include <stdint.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>
#include "show.h"

#define PAGE 4096
#define SIZE (4 * PAGE + 100)

static void status(int id) {
    struct shmid_ds found;
    if (shmctl(id, IPC_STAT, &found) < 0) {
        printf("no status: %s\n", strerror_of(errno));
        return;
    }
    printf("size %zu, attached %lu, mode %o, created by it %d, last used by it %d, attached %d, detached %d\n",
           found.shm_segsz, (unsigned long)found.shm_nattch, found.shm_perm.mode, found.shm_cpid == getpid(),
           found.shm_lpid == getpid(), found.shm_atime != 0, found.shm_dtime != 0);
}

static void keys(key_t key) {
    int id = shmget(key, SIZE, IPC_CREAT | IPC_EXCL | 0640);
    printf("created: %d\n", id >= 0);
    status(id);
    SHOW(shmget(key, SIZE, 0) == id);
    SHOW(shmget(key, 0, IPC_CREAT) == id);
    SHOW(shmget(key, SIZE, IPC_CREAT | IPC_EXCL | 0600));
    SHOW(shmget(key, SIZE + 1, 0));
    SHOW(shmctl(id, IPC_RMID, NULL));
    SHOW(shmget(key, SIZE, 0));
    SHOW(shmget(key, 0, IPC_CREAT | 0600));
    SHOW(shmget(IPC_PRIVATE, 0, 0600));
    SHOW(shmctl(id, IPC_RMID, NULL));
    SHOW(shmctl(-1, IPC_RMID, NULL));
    SHOW(shmctl(id, 1234, NULL));
    SHOW(shmat(-1, NULL, 0));
}

static void attachments(void) {
    int id = shmget(IPC_PRIVATE, SIZE, IPC_CREAT | 0600);
    char *one = shmat(id, NULL, 0), *two = shmat(id, NULL, SHM_RDONLY);
    strcpy(one + SIZE - 10, "shared");
    SHOW_TEXT(two + SIZE - 10);
    status(id);
    SHOW(mprotect(two, PAGE, PROT_READ | PROT_WRITE));
    SHOW(shmat(id, one + 1, 0));
    SHOW(shmat(id, one, 0));
    SHOW(shmat(id, one + PAGE, SHM_RND));
    SHOW(shmat(id, NULL, SHM_REMAP));
    SHOW((char *)shmat(id, two + 5, SHM_RND | SHM_REMAP) == two);
    status(id);
    strcpy(two, "written");
    SHOW_TEXT(one);
    SHOW(munmap(two + PAGE, PAGE));
    status(id);
    SHOW(shmdt(two + 1));
    SHOW(shmdt(two + 2 * PAGE));
    SHOW(shmdt(two));
    SHOW(shmdt(two));
    status(id);
    SHOW(shmdt(one));
    status(id);
    one = shmat(id, NULL, 0);
    SHOW_TEXT(one + SIZE - 10); /* it stays while nobody has it */
    SHOW(shmdt(one));
    SHOW(shmctl(id, IPC_RMID, NULL));
}

static void removal(key_t key) {
    int id = shmget(key, SIZE, IPC_CREAT | 0600);
    char *one = shmat(id, NULL, 0), *two;
    SHOW(shmctl(id, IPC_RMID, NULL));
    status(id);
    SHOW(shmget(key, SIZE, 0));
    two = shmat(id, NULL, 0);
    strcpy(one, "still there");
    SHOW_TEXT(two);
    SHOW(shmdt(one));
    status(id);
    SHOW(munmap(two, 5 * PAGE));
    status(id);
    SHOW(shmat(id, NULL, 0));
}

static void owner(void) {
    int id = shmget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
    struct shmid_ds wanted;
    SHOW(shmctl(id, IPC_STAT, &wanted));
    SHOW(wanted.shm_perm.uid == geteuid() && wanted.shm_perm.cgid == getegid());
    wanted.shm_perm.mode = 07444;
    SHOW(shmctl(id, IPC_SET, &wanted));
    status(id);
    wanted.shm_perm.uid = (uid_t)-1;
    SHOW(shmctl(id, IPC_SET, &wanted));
    SHOW(shmctl(id, IPC_RMID, NULL));
    SHOW(shmctl(id, IPC_STAT, &wanted));
}

int main(void) {
    key_t key = 0x4f524300 ^ (getpid() << 12); /* others may run this at the same moment */
    keys(key);
    attachments();
    removal(key);
    owner();
    return 0;
}
