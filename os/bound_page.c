/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/bound_page.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC           "TSBOUND\n"
#define VERSION         1
#define BYTE_ORDER_MARK 0x01020304

int bound_page_path(const char *clock_file, char *buf, size_t size)
{
	char real[PATH_MAX];
	const char *file = clock_file && realpath(clock_file, real) ? real : clock_file;
	int n;

	if (clock_file && clock_file[0] == '\0') {
		return -EINVAL;
	}
	n = file ? snprintf(buf, size, "%s" BOUND_PAGE_SUFFIX, file)
		 : snprintf(buf, size, "%s", BOUND_PAGE_SYSTEM);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

/* --- the header ------------------------------------------------------------------------------- */

static struct bound_page_header make_header(void)
{
	struct bound_page_header header = {
		.magic = MAGIC,
		.byte_order = BYTE_ORDER_MARK,
		.version = VERSION,
		.size = sizeof(struct bound_page),
	};

	header.checksum = slots_checksum(&header, offsetof(struct bound_page_header, checksum));
	return header;
}

bool bound_page_is_whole(const struct bound_page *page)
{
	const struct bound_page_header ours = make_header();

	return memcmp(&page->header, &ours, sizeof(ours)) == 0;
}

/* Zeros are what a crash of the machine leaves. */
static bool is_foreign(const struct bound_page_header *header, const struct bound_page_header *ours)
{
	static const char zeros[sizeof(header->magic)];

	return memcmp(header->magic, ours->magic, sizeof(zeros)) != 0 &&
	       memcmp(header->magic, zeros, sizeof(zeros)) != 0;
}

/* Before the file is mapped. */
static int check_file(int fd, bool writable)
{
	const struct bound_page_header ours = make_header();
	struct bound_page_header header;
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0) {
		return -errno;
	}
	if (!S_ISREG(st.st_mode)) {
		return S_ISDIR(st.st_mode) ? -EISDIR : -EMEDIUMTYPE;
	}
	if (writable && st.st_nlink > 1) {
		return -EMLINK;
	}
	n = pread(fd, &header, sizeof(header), 0);
	if (n < 0) {
		return -errno;
	}
	if ((size_t)n >= sizeof(ours.magic) && is_foreign(&header, &ours)) {
		return -EMEDIUMTYPE;
	}
	if ((size_t)n < sizeof(header) || (size_t)st.st_size != sizeof(struct bound_page)) {
		return -EBADMSG;
	}
	if (memcmp(header.magic, ours.magic, sizeof(ours.magic)) == 0 &&
	    (header.byte_order != ours.byte_order || header.version != ours.version)) {
		return -ENOTSUP;
	}
	return memcmp(&header, &ours, sizeof(header)) == 0 ? 0 : -EBADMSG;
}

/* --- records ---------------------------------------------------------------------------------- */

static uint64_t checksum_of(const struct bound_page_record *record)
{
	return slots_checksum(record, offsetof(struct bound_page_record, checksum));
}

static void write_generation(struct bound_page *page, uint64_t generation, uint64_t boot,
			     const struct bound *bound)
{
	struct bound_page_record record = { generation, boot, *bound, 0 };

	record.checksum = checksum_of(&record);
	slots_publish(&page->generation, generation, page->slots[generation % 2].words, &record,
		      sizeof(record));
}

void bound_page_publish(struct bound_page *page, uint64_t boot, const struct bound *bound)
{
	write_generation(page, slots_generation(&page->generation) + 1, boot, bound);
}

void bound_page_format(struct bound_page *page, uint64_t boot, struct mono now)
{
	const struct bound nothing = bound_unknown(now);

	memset(page, 0, sizeof(*page));
	page->header = make_header();
	write_generation(page, 0, boot, &nothing);
}

bool bound_page_is_sound(const struct bound_page_record *record, uint64_t generation)
{
	return record->generation == generation && record->checksum == checksum_of(record) &&
	       bound_valid(&record->bound);
}

/* --- mapping ---------------------------------------------------------------------------------- */

static int map_file(int fd, bool writable, struct bound_page **page)
{
	struct bound_page_record record;
	uint64_t generation;
	void *start;
	int rc = check_file(fd, writable);

	if (rc != 0) {
		return rc;
	}
	start = mmap(NULL, sizeof(**page), PROT_READ | (writable ? PROT_WRITE : 0), MAP_SHARED, fd,
		     0);
	if (start == MAP_FAILED) {
		return -errno;
	}
	generation = bound_page_read(start, &record);
	if (!bound_page_is_sound(&record, generation)) {
		bound_page_unmap(start);
		return -EBADMSG;
	}
	*page = start;
	return 0;
}

int bound_page_map(const char *path, struct bound_page **page, int *fd)
{
	/* Non-blocking, in case it is a FIFO. */
	const int flags = (fd ? O_RDWR | O_NOFOLLOW : O_RDONLY) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	const int opened = open(path, flags);
	int rc;

	if (opened < 0) {
		return -errno;
	}
	rc = map_file(opened, fd != NULL, page);
	if (rc != 0 || !fd) {
		close(opened);
	} else {
		*fd = opened;
	}
	return rc;
}

void bound_page_unmap(struct bound_page *page)
{
	munmap(page, sizeof(*page));
}

/* --- the machine ------------------------------------------------------------------------------ */

int bound_page_boot(uint64_t *out)
{
	struct {
		char id[40];
		uint64_t time_namespace;
	} of = { .id = "" };
	const int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t n;

	if (fd < 0) {
		return -errno;
	}
	n = read(fd, of.id, sizeof(of.id));
	close(fd);
	if (n <= 0) {
		return n < 0 ? -errno : -ENODATA;
	}
	if (stat("/proc/self/ns/time", &st) == 0) { /* a kernel without them has one */
		of.time_namespace = st.st_ino;
	}
	*out = slots_checksum(&of, sizeof(of));
	return 0;
}
