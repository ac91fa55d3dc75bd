/* SPDX-License-Identifier: BSD-3-Clause */
#include "server/notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/parse.h"

#define MESSAGE_SIZE 1000

/* The address that $NOTIFY_SOCKET names; "@NAME" is one without a file. Its length, or -errno. */
static int address_of(struct sockaddr_un *to, const char *name)
{
	const size_t n = strlen(name);

	if (n >= sizeof(to->sun_path)) {
		return -ENAMETOOLONG;
	}
	*to = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(to->sun_path, name, n);
	if (name[0] == '@') {
		to->sun_path[0] = '\0';
	}
	return (int)(offsetof(struct sockaddr_un, sun_path) + n);
}

static int send_to(const char *name, const char *message, size_t n)
{
	struct sockaddr_un to;
	const int len = address_of(&to, name);
	int fd, rc = 0;

	if (len < 0) {
		return len;
	}
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return -errno;
	}
	if (sendto(fd, message, n, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&to,
		   (socklen_t)len) < 0) {
		rc = -errno;
	}
	close(fd);
	return rc;
}

int notify_send(const char *format, ...)
{
	const char *name = getenv("NOTIFY_SOCKET");
	char message[MESSAGE_SIZE];
	va_list args;
	int n;

	if (!name || (name[0] != '/' && name[0] != '@')) {
		return 0;
	}
	va_start(args, format);
	n = vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(message)) {
		return -EMSGSIZE;
	}
	return send_to(name, message, (size_t)n);
}

dur_ns notify_watchdog(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *whose = getenv("WATCHDOG_PID");
	int64_t us, pid;

	if (!usec || parse_int(usec, 1, INT64_MAX / NS_PER_US, &us) != 0) {
		return 0;
	}
	if (whose && (parse_int(whose, 1, INT32_MAX, &pid) != 0 || pid != getpid())) {
		return 0;
	}
	return us * NS_PER_US / 2;
}
