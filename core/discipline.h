/*
 * Discipline: what to do to a clock from one measurement to the next, so that it follows its
 * servers in offset and in rate. Pure: the caller measures, does what it is told to do, and stops
 * when it cannot.
 *
 *     discipline_init(&d, &limits, what clock_frequency says, now);
 *     discipline_use_rate(&d, rate);           what was saved in a drift file, if there is one
 *     for ever:
 *             measure; discipline_poll(&d, &poll, &decision); do it; wait for next_poll
 *
 * The first correction is a step or a slew, as core/policy decides. From then on the rate that
 * core/model finds becomes the clock's frequency, and what is left of the offset is slewed. When no
 * server answers, that goes on with what was known, and the bound of the offset grows: the clock is
 * holding over.
 *
 * A measurement that contradicts what was known is not used until the next one confirms it: then
 * somebody has stepped one of the clocks, and the history begins anew. Only the rate is kept.
 */
#ifndef CORE_DISCIPLINE_H
#define CORE_DISCIPLINE_H

#include "core/model.h"
#include "core/policy.h"

struct discipline_limits {
	struct policy_limits first; /* of the first correction; the resolution is of all */
	dur_ns panic;               /* refuse to correct more than this later; 0 for no limit */
	int64_t max_slew_ppb;       /* of a slew, on average between two polls; > 0 */
	int64_t max_frequency_ppb;  /* of the clock; > 0. A rate is within this until it is known */
	int64_t drift_ppb;          /* how far the rate may wander from what was found; >= 0 */
	dur_ns min_poll, max_poll;  /* how long to wait between polls; 0 < min_poll <= max_poll */
	/*
	 * The clock is slewed in shares, one in each period from the next one on, and what it calls
	 * left of a slew does not have the share that it is at. So a slew is only begun if it will
	 * be done at the next poll, which takes a min_poll of two periods. 0: it is slewed evenly.
	 */
	dur_ns slew_period;
};

/*
 * For the first correction policy_default_limits; panic at 1000 s (RFC 5905, PANICT), slew and
 * frequency up to 500 ppm (Linux), drift 15 ppm (RFC 5905, PHI), polls every 4 to 64 s.
 */
extern const struct discipline_limits discipline_default_limits;

/* One poll of the servers. */
struct discipline_poll {
	struct mono now;  /* when it ended */
	dur_ns slew_left; /* what clock_slew_left says then */
	bool answered;    /* there is a measurement */
	struct model_measurement measurement;
};

enum discipline_event {
	DISCIPLINE_FIRST,         /* the first measurement */
	DISCIPLINE_TRACKING,      /* one of many */
	DISCIPLINE_NO_ANSWER,     /* no server answered */
	DISCIPLINE_CONTRADICTION, /* contradicts what was known: the next one must confirm it */
	DISCIPLINE_RESTART, /* it was confirmed: a clock was stepped, the history begins anew */
};

enum discipline_action {
	DISCIPLINE_NONE,
	DISCIPLINE_STEP,   /* clock_step by `correction` */
	DISCIPLINE_SLEW,   /* clock_slew by `correction`, in place of any slew under way */
	DISCIPLINE_REFUSE, /* leave the clock alone: a limit would be broken */
};

struct discipline_decision {
	enum discipline_event event;
	enum discipline_action action;
	enum policy_reason reason; /* of the action after DISCIPLINE_FIRST, or to refuse */
	dur_ns correction;         /* to be added to the clock; 0 unless STEP or SLEW */
	bool set_frequency;        /* clock_set_frequency to frequency_ppb, after the action */
	int64_t frequency_ppb;     /* what is then in force */
	bool save_rate;            /* write the rate in discipline_status to the drift file */
	dur_ns next_poll;          /* when to poll again */
};

enum discipline_phase {
	DISCIPLINE_STARTING,     /* nothing measured yet */
	DISCIPLINE_SYNCHRONISED, /* the last poll was answered, and believed */
	DISCIPLINE_HOLDING_OVER, /* it was not: what was learnt before is all there is */
	DISCIPLINE_REFUSED,      /* the last decision was DISCIPLINE_REFUSE */
};

struct discipline_status {
	enum discipline_phase phase;
	dur_ns offset;           /* remote minus local */
	dur_ns max_error;        /* |true offset - offset| <= max_error; INT64_MAX if unknown */
	int64_t rate_ppb;        /* what the clock would lose if its frequency was not corrected */
	int64_t rate_chance_ppb; /* by how much that may be wrong by chance, once in 1000 */
	int64_t rate_error_ppb;  /* by how much it may be wrong at most, besides limits.drift_ppb */
	int64_t frequency_ppb;   /* the correction in force */
	size_t used;             /* measurements that offset and rate come from */
	size_t unanswered;       /* polls since the last answer */
};

struct discipline {
	struct discipline_limits limits;
	struct model model;
	enum discipline_phase phase;
	bool corrected;    /* for the first time */
	bool forgotten;    /* the next measurement is the first of a new history */
	dur_ns interval;   /* between polls */
	size_t settled;    /* polls in a row that found nothing to correct */
	size_t unanswered; /* polls in a row */
	bool saved;
	struct mono saved_at;
};

/* Begin with a clock of which nothing is known but the frequency that is in force. */
void discipline_init(struct discipline *d, const struct discipline_limits *limits,
		     int64_t frequency_ppb, struct mono now);

/* Before the first poll: begin with a rate learnt before. One that is out of the limits is cut. */
void discipline_use_rate(struct discipline *d, int64_t rate_ppb);

/*
 * Somebody else has changed the clock: nothing is known of it any more but the frequency that is in
 * force. What the limits say of the first correction is not for the next one.
 */
void discipline_forget(struct discipline *d, int64_t frequency_ppb, struct mono now);

/* Take in a poll, later than the one before, and decide. The caller does it before the next. */
void discipline_poll(struct discipline *d, const struct discipline_poll *poll,
		     struct discipline_decision *out);

/* What is known at `now`, not before the last poll, when clock_slew_left says `slew_left`. */
void discipline_status(const struct discipline *d, struct mono now, dur_ns slew_left,
		       struct discipline_status *out);

/* What happened as a short clause for people, without a full stop; a static string. */
const char *discipline_event_text(enum discipline_event event);

/* The phase in a word or two: "synchronised", "holding over", ...; a static string. */
const char *discipline_phase_text(enum discipline_phase phase);

#endif
