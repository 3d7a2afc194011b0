/* System V shared memory. A segment is a file in memory without a name, like other shared memory. Mappings of it are
 * areas, and zygotes keep it as they keep those. Its attachments are counted where they are: among the areas. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>

#include "file.h"
#include "heap.h"
#include "memory.h"
#include "node.h"
#include "privileges.h"

#define MAX_SEGMENTS 4096

struct segment {
    struct segment *next;
    struct node *node;
    struct shmid_ds status; /* but for the attachments */
    int id;
    uint32_t attaching; /* shmat calls under way */
};

/* Taken before nodes_lock and libos_memory_lock. */
static struct libos_lock segments_lock;
static struct segment *segments;
static int last_id = -1;
static unsigned segment_count;

static time_t now(void) {
    return libos_now(ORC_CLOCK_REALTIME) / 1000000000;
}

static bool is_of(const struct area *area, const struct segment *segment) {
    return area->file->operations == &memory_operations && area->file->node == segment->node;
}

static unsigned long attachments(const struct segment *segment) {
    unsigned long count = segment->attaching;
    libos_lock(&libos_memory_lock);
    for (const struct area *area = areas; area; area = area->next)
        count += is_of(area, segment);
    libos_unlock(&libos_memory_lock);
    return count;
}

static struct segment *find_id(long id) {
    struct segment *segment = segments;
    while (segment && segment->id != id)
        segment = segment->next;
    return segment;
}

static struct segment *find_key(key_t key) {
    struct segment *segment = segments;
    while (segment && (key == IPC_PRIVATE || segment->status.shm_perm.__ipc_perm_key != key))
        segment = segment->next;
    return segment;
}

/* A removed one goes when nothing shows it. */
static void free_if_unused(struct segment *segment) {
    if (!(segment->status.shm_perm.mode & SHM_DEST) || attachments(segment))
        return;
    struct segment **link = &segments;
    while (*link != segment)
        link = &(*link)->next;
    *link = segment->next;
    segment_count--;
    libos_lock(&nodes_lock);
    node_put(segment->node);
    libos_unlock(&nodes_lock);
    heap_free(segment, sizeof *segment);
}

void segment_detached(const struct node *node) {
    if (!__atomic_load_n(&segments, __ATOMIC_RELAXED))
        return;
    libos_lock(&segments_lock);
    struct segment *segment = segments;
    while (segment && segment->node != node)
        segment = segment->next;
    if (segment) {
        segment->status.shm_dtime = now();
        segment->status.shm_lpid = (pid_t)sys_getpid();
        free_if_unused(segment);
    }
    libos_unlock(&segments_lock);
}

static bool may(const struct segment *segment, long wanted) {
    const struct ipc_perm *owner = &segment->status.shm_perm;
    uid_t user = (uid_t)sys_geteuid();
    gid_t group = (gid_t)sys_getegid();
    unsigned granted = owner->mode;
    if (user == owner->uid || user == owner->cuid)
        granted >>= 6;
    else if (group == owner->gid || group == owner->cgid)
        granted >>= 3;
    wanted = (wanted >> 6 | wanted >> 3 | wanted) & 7;
    return !(wanted & ~(long)granted) || libos_capable(CAP_DAC_OVERRIDE);
}

static struct node *make_node(int64_t size) {
    libos_lock(&nodes_lock);
    struct node *node = node_create(0x41, S_IFREG | 0777);
    if (node && node_resize(node, size) < 0) {
        node_put(node);
        node = NULL;
    }
    libos_unlock(&nodes_lock);
    return node;
}

static long create(key_t key, unsigned long size, long flags) {
    if (size == 0 || size > INT64_MAX)
        return -EINVAL;
    if (size > ORC_HEAP_END - ORC_HEAP || flags & SHM_HUGETLB)
        return -ENOMEM;
    if (segment_count == MAX_SEGMENTS || last_id == INT32_MAX)
        return -ENOSPC;
    struct segment *segment = heap_allocate(sizeof *segment);
    struct node *node = segment ? make_node((int64_t)((size + LIBOS_PAGE - 1) & -LIBOS_PAGE)) : NULL;
    if (!node) {
        if (segment)
            heap_free(segment, sizeof *segment);
        return -ENOMEM;
    }
    *segment = (struct segment){.next = segments, .node = node, .id = ++last_id};
    struct shmid_ds *status = &segment->status;
    status->shm_perm.__ipc_perm_key = key;
    status->shm_perm.uid = status->shm_perm.cuid = (uid_t)sys_geteuid();
    status->shm_perm.gid = status->shm_perm.cgid = (gid_t)sys_getegid();
    status->shm_perm.mode = flags & 0777;
    status->shm_segsz = size;
    status->shm_cpid = (pid_t)sys_getpid();
    status->shm_ctime = now();
    segments = segment;
    segment_count++;
    return segment->id;
}

long sys_shmget(long key, unsigned long size, long flags) {
    libos_lock(&segments_lock);
    const struct segment *segment = find_key((key_t)key);
    long result;
    if (!segment)
        result = (key_t)key != IPC_PRIVATE && !(flags & IPC_CREAT) ? -ENOENT : create((key_t)key, size, flags);
    else if ((flags & (IPC_CREAT | IPC_EXCL)) == (IPC_CREAT | IPC_EXCL))
        result = -EEXIST;
    else if (size > segment->status.shm_segsz)
        result = -EINVAL;
    else
        result = may(segment, flags & 0777) ? segment->id : -EACCES;
    libos_unlock(&segments_lock);
    return result;
}

/* The segment with one `attaching` more, and a file to map. */
static long begin_attach(long id, bool writes, struct segment **segment, struct file **file) {
    long result = 0;
    libos_lock(&segments_lock);
    *segment = find_id(id);
    if (!*segment)
        result = -EINVAL;
    else if (!may(*segment, writes ? 0666 : 0444))
        result = -EACCES;
    else if (!(*file = memory_file_open((*segment)->node, writes ? O_RDWR : O_RDONLY)))
        result = -ENOMEM;
    else
        (*segment)->attaching++;
    libos_unlock(&segments_lock);
    return result;
}

static void end_attach(struct segment *segment, bool attached) {
    libos_lock(&segments_lock);
    segment->attaching--;
    if (attached) {
        segment->status.shm_atime = now();
        segment->status.shm_lpid = (pid_t)sys_getpid();
    }
    free_if_unused(segment);
    libos_unlock(&segments_lock);
}

long sys_shmat(long id, long address, long flags) {
    struct segment *segment;
    struct file *file;
    long fixed = flags & SHM_REMAP ? MAP_FIXED : MAP_FIXED_NOREPLACE | MAP_FIXED;
    if (flags & SHM_RND)
        address &= -(long)LIBOS_PAGE;
    if (address % (long)LIBOS_PAGE || (!address && flags & SHM_REMAP))
        return -EINVAL;
    if (flags & SHM_EXEC)
        return -EPERM; /* code comes as objects, through the dynamic linker */
    bool writes = !(flags & SHM_RDONLY);
    long result = begin_attach((int)id, writes, &segment, &file);
    if (result < 0)
        return result;
    long access = PROT_READ | (writes ? PROT_WRITE : 0);
    result = map_shared_file(file, address, file->node->size, access, address ? fixed : 0);
    end_attach(segment, result >= 0);
    file_put(file);
    return result == -EEXIST ? -EINVAL : result;
}

/* The first area of a segment that was attached at the page, from `from` on. */
static unsigned long find_piece(unsigned long page, unsigned long from, struct node **node, unsigned long *count) {
    unsigned long found = 0;
    libos_lock(&libos_memory_lock);
    for (const struct area *area = area_at(from); area && !found; area = area->next) {
        const struct segment *segment = segments;
        if (area->page < from || area->page - (unsigned long)area->offset / LIBOS_PAGE != page)
            continue;
        while (segment && !is_of(area, segment))
            segment = segment->next;
        if (!segment || (*node && segment->node != *node))
            continue;
        *node = segment->node;
        *count = area->count;
        found = area->page;
    }
    libos_unlock(&libos_memory_lock);
    return found;
}

long sys_shmdt(long address) {
    unsigned long page = (unsigned long)address / LIBOS_PAGE, from = page, count, found;
    struct node *node = NULL;
    long result = -EINVAL;
    if (address % (long)LIBOS_PAGE)
        return -EINVAL;
    for (;; from = found + count) {
        libos_lock(&segments_lock);
        found = find_piece(page, from, &node, &count);
        libos_unlock(&segments_lock);
        if (!found)
            return result;
        result = sys_munmap((long)(found * LIBOS_PAGE), (long)(count * LIBOS_PAGE));
        if (result < 0)
            return result;
    }
}

static long set(struct segment *segment, const struct ipc_perm *wanted) {
    struct ipc_perm *owner = &segment->status.shm_perm;
    if (wanted->uid == (uid_t)-1 || wanted->gid == (gid_t)-1)
        return -EINVAL;
    owner->uid = wanted->uid;
    owner->gid = wanted->gid;
    owner->mode = (owner->mode & ~0777u) | (wanted->mode & 0777);
    segment->status.shm_ctime = now();
    return 0;
}

/* Nobody finds it by its key any more. */
static long remove_segment(struct segment *segment) {
    segment->status.shm_perm.mode |= SHM_DEST;
    segment->status.shm_perm.__ipc_perm_key = IPC_PRIVATE;
    free_if_unused(segment);
    return 0;
}

static long control(struct segment *segment, long command, struct shmid_ds *status) {
    const struct ipc_perm *owner = &segment->status.shm_perm;
    uid_t user = (uid_t)sys_geteuid();
    if (command == IPC_STAT) {
        if (!may(segment, 0444))
            return -EACCES;
        *status = segment->status;
        status->shm_nattch = attachments(segment);
        return 0;
    }
    if (user != owner->uid && user != owner->cuid && !libos_capable(CAP_SYS_ADMIN))
        return -EPERM;
    return command == IPC_SET ? set(segment, &status->shm_perm) : remove_segment(segment);
}

long sys_shmctl(long id, long command, struct shmid_ds *status) {
    struct shmid_ds copy = {0};
    if ((int)id < 0 || (int)command < 0)
        return -EINVAL;
    if (command == SHM_LOCK || command == SHM_UNLOCK)
        return -EPERM;
    if (command != IPC_STAT && command != IPC_SET && command != IPC_RMID)
        return -EINVAL;
    if (command != IPC_RMID && !libos_maps(status, sizeof *status))
        return -EFAULT;
    if (command == IPC_SET)
        copy = *status;
    libos_lock(&segments_lock);
    struct segment *segment = find_id((int)id);
    long result = segment ? control(segment, command, &copy) : -EINVAL;
    libos_unlock(&segments_lock);
    if (result == 0 && command == IPC_STAT)
        *status = copy;
    return result;
}
