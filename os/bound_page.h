/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The page on which a clock's bound is published: a small file that all its readers map. It is made
 * like a clock file, and as there readers never wait (os/slots).
 *
 *     bytes   0  header: what never changes, with its own checksum
 *            32  generation: how often the bound was published
 *            40  slot 0: a record {generation, boot, bound, checksum}
 *           152  slot 1: the same
 *           264  end
 *
 * The page of a clock file FILE is FILE.bound, that of the system clock BOUND_PAGE_SYSTEM.
 *
 * `boot` identifies the time namespace and the boot of the machine, which the monotonic clock
 * belongs to: a page with another one means nothing.
 *
 * This file needs nothing but libc, as it is a part of libtimesync.
 */
#ifndef OS_BOUND_PAGE_H
#define OS_BOUND_PAGE_H

#include "core/bound.h"
#include "os/slots.h"

#define BOUND_PAGE_SYSTEM "/run/timesync.bound"
#define BOUND_PAGE_SUFFIX ".bound"

struct bound_page_header {
	char magic[8];
	uint32_t byte_order;
	uint32_t version;
	uint64_t size;
	uint64_t checksum; /* of the bytes before it */
};

struct bound_page_record {
	uint64_t generation; /* guards against a damaged generation in the file */
	uint64_t boot;
	struct bound bound;
	uint64_t checksum; /* of the bytes before it */
};

struct bound_page_slot {
	slots_word words[sizeof(struct bound_page_record) / sizeof(slots_word)];
};

struct bound_page {
	struct bound_page_header header;
	slots_word generation;
	struct bound_page_slot slots[2];
};

_Static_assert(sizeof(struct bound_page_record) == 112, "the format has no padding");
_Static_assert(sizeof(struct bound_page) == 264, "the format has no padding");

/*
 * The path of the page of the clock file, or of the system clock if that is null. Of a symbolic
 * link it is that of the file that it leads to. 0, -EINVAL if the
 * name is empty, or -ENAMETOOLONG.
 */
int bound_page_path(const char *clock_file, char *buf, size_t size);

/* Fill a new page: nothing is known. */
void bound_page_format(struct bound_page *page, uint64_t boot, struct mono now);

/*
 * Map the page at `path`; the caller releases it with bound_page_unmap. With *fd null it is only
 * read; else it is published on, and *fd is its file, for the caller to close. 0, or -errno:
 * -EMEDIUMTYPE (it is something else), -ENOTSUP (another version), -EBADMSG (cut off or damaged);
 * for publishing -ELOOP or -EMLINK (a link: whoever may write to the directory of a clock file
 * would have root publish on, and give away, the page of another clock).
 */
int bound_page_map(const char *path, struct bound_page **page, int *fd);

void bound_page_unmap(struct bound_page *page);

/* Whether the header of a mapped page, which never changes, is still whole. */
bool bound_page_is_whole(const struct bound_page *page);

/* Copy the present record, whole, and return the generation of the page. */
static inline uint64_t bound_page_read(const struct bound_page *page, struct bound_page_record *out)
{
	uint64_t generation;

	do {
		generation = slots_generation(&page->generation);
		slots_load(page->slots[generation % 2].words, out, sizeof(*out));
	} while (slots_moved_on(&page->generation, generation));
	return generation;
}

/* Whether the record is not damaged, and that of the generation. */
bool bound_page_is_sound(const struct bound_page_record *record, uint64_t generation);

/* Make it the present one. The caller keeps other publishers out. */
void bound_page_publish(struct bound_page *page, uint64_t boot, const struct bound *bound);

/* `boot` of this process. 0 or -errno. */
int bound_page_boot(uint64_t *out);

#endif
