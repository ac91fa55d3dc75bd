/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For COVERAGE=1 builds only, where the linker puts this in the place of _exit: a process that
 * ends by _exit keeps what it has counted.
 */
void __gcov_dump(void);
void __real__exit(int status) __attribute__((noreturn));
void __wrap__exit(int status) __attribute__((noreturn));

void __wrap__exit(int status)
{
	__gcov_dump();
	__real__exit(status);
}
