// libidn2 as it is.
#ifndef WAXWING_CIDN2_SHIM_H
#define WAXWING_CIDN2_SHIM_H

#include <idn2.h>

#endif
