/* Network grants. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "network.h"

int orc_compartment_grant_network(struct orc_compartment *compartment, const struct orc_network_grant *grant,
                                  struct orc_error *error) {
    unsigned bits = grant->family == AF_INET ? 32 : grant->family == AF_INET6 ? 128 : 0;
    if ((grant->type != 0 && grant->type != SOCK_STREAM && grant->type != SOCK_DGRAM) ||
        (grant->family != 0 && bits == 0) || grant->prefix > bits || grant->first_port > grant->last_port)
        return fail(error, EINVAL, "network grant: no such type, family or prefix, or no ports");
    HOLD(compartment->lock);
    size_t size = (compartment->network_count + 1) * sizeof *grant;
    struct orc_network_grant *networks = realloc(compartment->networks, size);
    if (!networks)
        return fail(error, ENOMEM, "network grant: out of memory");
    networks[compartment->network_count++] = *grant;
    compartment->networks = networks;
    return 0;
}

int network_parse(struct network_address *parsed, const struct sockaddr_storage *address, uint64_t length) {
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    static const uint8_t zero[16];
    if (address->ss_family == AF_INET && length == sizeof(struct sockaddr_in)) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
        *parsed = (struct network_address){.family = AF_INET, .port = ntohs(v4->sin_port)};
        memcpy(parsed->address, &v4->sin_addr, 4);
    } else if (address->ss_family == AF_INET6 && length == sizeof(struct sockaddr_in6)) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
        *parsed = (struct network_address){.family = AF_INET6, .port = ntohs(v6->sin6_port)};
        memcpy(parsed->address, &v6->sin6_addr, 16);
        if (memcmp(parsed->address, mapped, sizeof mapped) == 0) {
            parsed->family = AF_INET;
            memmove(parsed->address, parsed->address + 12, 4);
            memset(parsed->address + 4, 0, 12);
        }
    } else {
        return address->ss_family == AF_INET || address->ss_family == AF_INET6 ? -EINVAL : -EAFNOSUPPORT;
    }
    parsed->any = memcmp(parsed->address, zero, sizeof zero) == 0;
    return 0;
}

static bool prefix_matches(const uint8_t *one, const uint8_t *other, unsigned bits) {
    unsigned bytes = bits / 8, rest = bits % 8;
    if (memcmp(one, other, bytes) != 0)
        return false;
    return rest == 0 || ((one[bytes] ^ other[bytes]) >> (8 - rest)) == 0;
}

static bool covers(const struct orc_network_grant *allowed, bool connect, int type,
                   const struct network_address *address) {
    return allowed->connect == connect && (allowed->type == 0 || allowed->type == type) &&
           (allowed->family == 0 || allowed->family == address->family) &&
           address->port >= allowed->first_port && address->port <= allowed->last_port &&
           prefix_matches(allowed->address, address->address, allowed->prefix);
}

bool network_allows(struct orc_compartment *compartment, bool connect, int type,
                    const struct network_address *address) {
    HOLD(compartment->lock);
    for (unsigned i = 0; i < compartment->network_count; i++)
        if (covers(&compartment->networks[i], connect, type, address))
            return true;
    return false;
}

bool network_covers(struct orc_compartment *compartment, const struct network_address *address) {
    HOLD(compartment->lock);
    for (unsigned i = 0; i < compartment->network_count; i++) {
        struct network_address anywhere = *address;
        anywhere.port = compartment->networks[i].first_port;
        if (covers(&compartment->networks[i], false, SOCK_DGRAM, &anywhere))
            return true;
    }
    return false;
}

bool network_has_grant(struct orc_compartment *compartment, bool connect, int type) {
    HOLD(compartment->lock);
    for (unsigned i = 0; i < compartment->network_count; i++) {
        const struct orc_network_grant *grant = &compartment->networks[i];
        if (type == 0 || (grant->connect == connect && (grant->type == 0 || grant->type == type)))
            return true;
    }
    return false;
}
