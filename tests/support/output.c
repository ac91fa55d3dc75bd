/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static void give_up(const char *what)
{
	perror(what);
	exit(1);
}

void output_divert(struct output *o, int fd)
{
	fflush(NULL);
	o->fd = fd;
	o->saved = dup(fd);
	o->file = memfd_create("output", MFD_CLOEXEC);
	if (o->saved < 0 || o->file < 0 || dup2(o->file, fd) < 0) {
		give_up("output");
	}
}

void output_restore(struct output *o, char *text, size_t size)
{
	ssize_t n;

	fflush(NULL);
	if (dup2(o->saved, o->fd) < 0) {
		give_up("output");
	}
	n = pread(o->file, text, size - 1, 0);
	text[n < 0 ? 0 : n] = '\0';
	close(o->saved);
	close(o->file);
}
