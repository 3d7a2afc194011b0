/* The version of this source tree. */
#ifndef ORC_VERSION_H
#define ORC_VERSION_H

#define ORC_VERSION "0.2.0"

#endif
