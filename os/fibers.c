/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/fibers.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "os/clock_proxy.h"

/* AddressSanitizer has to be told whose stack is in use. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#define LEAVE(save, stack, size)  __sanitizer_start_switch_fiber(save, stack, size)
#define ARRIVE(save, stack, size) __sanitizer_finish_switch_fiber(save, stack, size)
#else
#define LEAVE(save, stack, size)  ((void)(save))
#define ARRIVE(save, stack, size) ((void)(save))
#endif

/* Name resolution and printf need the most of it. Pages that are not used are not had. */
#define STACK_SIZE ((size_t)256 * 1024)

enum fiber_state { FIBER_READY, FIBER_WAITING, FIBER_OVER };

struct fiber {
	struct clock_proxy clock; /* first, so that its wait finds the fiber */
	struct fibers *all;
	fiber_fn *run;
	void *arg;
	enum fiber_state state;
	ucontext_t context;
	void *stack; /* with a guard page below */
	void *fake_stack;

	/* FIBER_WAITING for: */
	int fd;
	short events;
	struct mono deadline;
	int outcome; /* of that wait */
};

struct fibers {
	struct clock *clock;
	struct clock_ops ops; /* of the fibers' clocks */
	ucontext_t loop;
	const void *loop_stack;
	size_t loop_stack_size;
	void *fake_stack;
	size_t n, max;
	struct fiber *fibers;
	struct pollfd *polled; /* one more than there are fibers: what cancels them */
	size_t *who;           /* of the fibers, for each that is polled */
};

static void leave(struct fiber *f)
{
	struct fibers *all = f->all;

	LEAVE(f->state == FIBER_OVER ? NULL : &f->fake_stack, all->loop_stack,
	      all->loop_stack_size);
	swapcontext(&f->context, &all->loop);
	ARRIVE(f->fake_stack, &all->loop_stack, &all->loop_stack_size);
}

static int fiber_wait(struct clock *c, int fd, short events, struct mono deadline)
{
	struct fiber *f = (struct fiber *)c;

	/* As clock_wait has it: who only waits on for more would else never be told. */
	if (mono_since(deadline, clock_mono(c)) <= 0) {
		return -ETIMEDOUT;
	}
	f->fd = fd;
	f->events = events;
	f->deadline = deadline;
	f->state = FIBER_WAITING;
	leave(f);
	return f->outcome;
}

int fibers_open(struct fibers **out, size_t max, struct clock *clock)
{
	struct fibers *f = calloc(1, sizeof(*f));

	if (!f) {
		return -ENOMEM;
	}
	f->clock = clock;
	f->ops = clock_proxy_ops;
	f->ops.wait = fiber_wait;
	f->max = max;
	f->fibers = calloc(max, sizeof(*f->fibers));
	f->polled = calloc(max + 1, sizeof(*f->polled));
	f->who = calloc(max, sizeof(*f->who));
	if (!f->fibers || !f->polled || !f->who) {
		fibers_close(f);
		return -ENOMEM;
	}
	*out = f;
	return 0;
}

void fibers_close(struct fibers *all)
{
	if (!all) {
		return;
	}
	for (size_t i = 0; i < all->n; i++) {
		munmap(all->fibers[i].stack, STACK_SIZE);
	}
	free(all->fibers);
	free(all->polled);
	free(all->who);
	free(all);
}

/* A fiber's first and last function. makecontext passes integers only: a pointer in two halves. */
static void begin(unsigned high, unsigned low)
{
	struct fiber *f = (struct fiber *)((uintptr_t)high << 32 | low);

	ARRIVE(NULL, &f->all->loop_stack, &f->all->loop_stack_size);
	f->run(f->arg, &f->clock.clock);
	f->state = FIBER_OVER;
	leave(f);
}

static void *new_stack(void)
{
	void *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);

	if (stack == MAP_FAILED) {
		return NULL;
	}
	if (mprotect(stack, (size_t)sysconf(_SC_PAGESIZE), PROT_NONE) < 0) {
		munmap(stack, STACK_SIZE);
		return NULL;
	}
	return stack;
}

int fibers_add(struct fibers *all, fiber_fn *run, void *arg)
{
	struct fiber *f = &all->fibers[all->n];

	if (all->n == all->max) {
		return -ENOSPC;
	}
	*f = (struct fiber){
		.clock = { { &all->ops }, all->clock }, .all = all, .run = run, .arg = arg
	};
	f->stack = new_stack();
	if (!f->stack) {
		return -ENOMEM;
	}
	getcontext(&f->context);
	f->context.uc_stack.ss_sp = f->stack;
	f->context.uc_stack.ss_size = STACK_SIZE;
	makecontext(&f->context, (void (*)(void))begin, 2, (unsigned)((uintptr_t)f >> 32),
		    (unsigned)((uintptr_t)f & UINT32_MAX));
	all->n++;
	return 0;
}

static void resume(struct fiber *f)
{
	struct fibers *all = f->all;

	f->state = FIBER_READY;
	LEAVE(&all->fake_stack, f->stack, STACK_SIZE);
	swapcontext(&all->loop, &f->context);
	ARRIVE(all->fake_stack, NULL, NULL);
}

/* Gather what the fibers wait for, and the earliest deadline. How many wait. */
static size_t gather(struct fibers *all, struct mono *earliest)
{
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++) {
		const struct fiber *f = &all->fibers[i];

		if (f->state != FIBER_WAITING) {
			continue;
		}
		if (n == 0 || mono_since(f->deadline, *earliest) < 0) {
			*earliest = f->deadline;
		}
		all->polled[n] = (struct pollfd){ .fd = f->fd, .events = f->events };
		all->who[n++] = i;
	}
	return n;
}

/* Wait for any of `n`, for what cancels them all, or until the deadline. As ppoll(2). */
static int wait_for_any(struct fibers *all, size_t n, struct mono deadline)
{
	const dur_ns until = mono_since(deadline, clock_mono(all->clock));
	const dur_ns left = until > 0 ? until : 0;
	const struct timespec t = { .tv_sec = left / NS_PER_SEC, .tv_nsec = left % NS_PER_SEC };

	all->polled[n] = (struct pollfd){ .fd = clock_cancel_fd(all->clock), .events = POLLIN };
	return ppoll(all->polled, n + 1, &t, NULL);
}

/* How the wait of a fiber has ended that polled[i] is of; -EAGAIN if it has not. */
static int outcome_of(const struct fibers *all, size_t i, struct mono now)
{
	if (all->polled[i].revents != 0) {
		return 0;
	}
	return mono_since(all->fibers[all->who[i]].deadline, now) <= 0 ? -ETIMEDOUT : -EAGAIN;
}

/* Wait until one can go on, and let all that can. False when none is left. */
static bool turn(struct fibers *all)
{
	struct mono earliest, now;
	const size_t n = gather(all, &earliest);
	bool cancelled;

	if (n == 0) {
		return false;
	}
	if (wait_for_any(all, n, earliest) <= 0) { /* then nothing is said of any */
		for (size_t i = 0; i <= n; i++) {
			all->polled[i].revents = 0;
		}
	}
	cancelled = all->polled[n].revents != 0;
	now = clock_mono(all->clock);
	for (size_t i = 0; i < n; i++) {
		struct fiber *f = &all->fibers[all->who[i]];

		f->outcome = cancelled ? -ECANCELED : outcome_of(all, i, now);
		if (f->outcome != -EAGAIN) {
			resume(f);
		}
	}
	return true;
}

void fibers_run(struct fibers *all)
{
	for (size_t i = 0; i < all->n; i++) {
		if (all->fibers[i].state == FIBER_READY) {
			resume(&all->fibers[i]);
		}
	}
	while (turn(all)) {
	}
}
