/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * References: members whose clocks another program keeps. A leader decides which of them to accept,
 * and whether the group follows them (REFERENCE) or keeps a time of its own (ISLAND).
 *
 * Each reference that is synchronised claims an interval for UTC: its offset, with the error of its
 * measurement and its own. More than half of these references, and of those that are missed for a
 * few cycles, have to have a point in common (core/select.h); those without it are left out.
 *
 * A reference counts once it has been synchronised for some cycles. Each time that it comes back it
 * needs twice as many. The group changes its state only after some cycles that call for the change.
 */
#ifndef GROUP_CORE_REFERENCES_H
#define GROUP_CORE_REFERENCES_H

#include "core/select.h"
#include "group/core/message.h"

/* A reference has to be there for so many cycles, at least and at most. */
#define REFERENCES_LEAST 8
#define REFERENCES_MOST  256
/* A reference that is not measured in so many cycles has gone away. */
#define REFERENCES_MISSED 4
/* The group's state changes after so many cycles. */
#define REFERENCES_CHANGE 4

/* A leader's knowledge of a reference, from its own term. {0} at start. */
struct reference_record {
	unsigned present; /* so many cycles, of those that it needs */
	unsigned missed;  /* cycles in a row */
	unsigned needed;  /* to count; 0: REFERENCES_LEAST */
	bool counts;
};

struct reference_clock {
	/* In. */
	dur_ns offset;    /* member minus leader, |offset| < 2^62, */
	dur_ns max_error; /* and how wrong that is at most; negative: it was not measured */
	dur_ns claim;     /* its own error; negative: it is not synchronised */
	struct reference_record *record;
	/* Out. */
	enum group_reference verdict;
};

/* The time of the references: where UTC is. */
struct references_result {
	bool agreed;      /* and then: */
	dur_ns offset;    /* UTC minus leader, */
	dur_ns max_error; /* and how wrong that is at most */
};

/* {0} at start. */
struct references {
	bool follows;
	unsigned against; /* cycles in a row that speak for the other state */
};

/* A verdict as a clause after "is", a static string. */
const char *references_text(enum group_reference verdict);

/*
 * Select among the references, SELECT_MAX at most, in any order. `at_once`: those that have just
 * come count too, as there is nothing that they could disturb.
 */
void references_select(struct references_result *out, struct reference_clock *clocks, size_t n,
		       bool at_once);

/* They are not to be followed, as they are too far away. */
void references_refuse(struct references_result *result, struct reference_clock *clocks, size_t n);

/* The end of a cycle: whether the group follows the references now, at once if so. */
void references_conclude(struct references *r, const struct references_result *result,
			 struct reference_clock *clocks, size_t n, bool at_once);

#endif
