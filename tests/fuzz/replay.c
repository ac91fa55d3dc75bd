/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runs a fuzz target on files, without libFuzzer: a test for each.
 *
 * usage: fuzz_NAME [FILE]...      all of tests/fuzz/corpus/NAME if none is given
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fuzz/fuzz.h"

#define MAX_FILES 256
#define MAX_PATH  512
#define MAX_SIZE  (1 << 20)

struct files {
	size_t n;
	char paths[MAX_FILES][MAX_PATH];
	struct CMUnitTest tests[MAX_FILES];
};

static _Noreturn void give_up(const char *path, const char *what)
{
	fprintf(stderr, "%s: %s\n", path, what);
	exit(EXIT_FAILURE);
}

static void add(struct files *f, const char *directory, const char *name)
{
	if (f->n == MAX_FILES ||
	    snprintf(f->paths[f->n], MAX_PATH, "%s%s", directory, name) >= MAX_PATH) {
		give_up(name, "too many files, or too long a name");
	}
	f->n++;
}

static void add_all(struct files *f, const char *directory)
{
	DIR *d = opendir(directory);
	struct dirent *entry;

	if (!d) {
		give_up(directory, "is not there; run this from the root of the tree");
	}
	while ((entry = readdir(d)) != NULL) {
		if (entry->d_name[0] != '.') {
			add(f, directory, entry->d_name);
		}
	}
	closedir(d);
}

/* Give the target the file in memory that ends where the file does, so that sanitizers watch. */
static void run(void **state)
{
	const char *path = *state;
	FILE *file = fopen(path, "re");
	uint8_t *all, *data;
	size_t size;

	if (!file) {
		give_up(path, "cannot be opened");
	}
	fprintf(stderr, "%s\n", path); /* the last one is what ended the program, if anything did */
	all = test_malloc(MAX_SIZE);
	size = fread(all, 1, MAX_SIZE, file);
	fclose(file);
	data = test_malloc(size > 0 ? size : 1);
	memcpy(data, all, size);
	assert_int_equal(LLVMFuzzerTestOneInput(data, size), 0);
	test_free(data);
	test_free(all);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int main(int argc, char **argv)
{
	static struct files f;
	const char *target = base_name(argv[0]);
	char corpus[MAX_PATH];

	for (int i = 1; i < argc; i++) {
		add(&f, "", argv[i]);
	}
	if (argc == 1 && snprintf(corpus, sizeof(corpus), "tests/fuzz/corpus/%s/",
				  target + strlen("fuzz_")) < MAX_PATH) {
		add_all(&f, corpus);
	}
	qsort(f.paths, f.n, sizeof(f.paths[0]), by_name);
	for (size_t i = 0; i < f.n; i++) {
		f.tests[i].name = base_name(f.paths[i]);
		f.tests[i].test_func = run;
		f.tests[i].initial_state = f.paths[i];
	}
	return _cmocka_run_group_tests(target, f.tests, f.n, NULL, NULL);
}
