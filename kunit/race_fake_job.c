// SPDX-License-Identifier: GPL-2.0
/* One object can be in one module only; see fake_job.c. */
#include "fake_job.c"
