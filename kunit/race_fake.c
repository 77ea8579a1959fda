// SPDX-License-Identifier: GPL-2.0
/* One object can be in one module only; see fake.c. */
#include "fake.c"
