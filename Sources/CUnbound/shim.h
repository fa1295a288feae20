// libunbound as it is.
#ifndef WAXWING_CUNBOUND_SHIM_H
#define WAXWING_CUNBOUND_SHIM_H

#include <unbound.h>

#endif
