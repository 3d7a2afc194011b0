/* Shared constant data, for programs in compartments: a read-only copy that every compartment of the sharing
 * domain has in common, as they have their programs' code in common. In libc.so; nothing to link. */
#ifndef ORC_SHARE_H
#define ORC_SHARE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The address of a read-only copy of `length` bytes at `data`, from one byte up; what follows on its last
 * page is zero. Whoever shares the same bytes gets the same memory. So others in the sharing domain can
 * learn, by sharing bytes of their own, whether somebody has shared the same: don't share secrets that can be
 * guessed. The copy takes whole pages. NULL and errno: ENOMEM; EMFILE and EDQUOT beyond the compartment's
 * quotas; ENOSPC when the cell has no room for more objects; EINVAL for a length of 0. */
const void *orc_share(const void *data, size_t length);

/* Gives one call's copy back: it's unmapped with the last. 0; -1 and EINVAL when it isn't a copy. */
int orc_unshare(const void *copy);

#ifdef __cplusplus
}
#endif
#endif
