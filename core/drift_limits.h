/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How far clocks run off, in ppb: each assumption once, with its reason. A measurement that
 * refutes one of them is believed, up to the last.
 *
 * Sources: adjtimex(2) and the kernel's ntp.c (500 ppm, a tick of +-10 %); RFC 5905 (PHI, 15 ppm);
 * chrony.conf(5) (maxslewrate, 83333.333 ppm).
 */
#ifndef CORE_DRIFT_LIMITS_H
#define CORE_DRIFT_LIMITS_H

/* By how much two quartzes drift apart: each is up to 100 ppm wrong. */
#define DRIFT_QUARTZES_PPB 200000

/* How fast adjtime(3) slews the system clock, and how fast clock_slew slews any clock. */
#define DRIFT_SLEW_PPB 500000

/* By how much slews move two clocks apart, or one clock that is slewed the other way after that. */
#define DRIFT_SLEWS_PPB (2 * DRIFT_SLEW_PPB)

/*
 * By how much two clocks drift apart while they are measured, as nothing is known of them: ordinary
 * quartzes, both slewed. The known frequency of the local one is added (drift_measured).
 */
#define DRIFT_MEASURED_PPB (DRIFT_QUARTZES_PPB + DRIFT_SLEWS_PPB)

/* How far a rate wanders from the measured one, as temperatures change. */
#define DRIFT_WANDER_PPB 15000

/* How wrong a quartz is unless measurements say that it is more: what the kernel's NTP code takes.
 */
#define DRIFT_LIKELY_PPB 500000

/* How fast a large offset is slewed, by the clock's frequency, unless the user says otherwise. */
#define DRIFT_FAST_SLEW_PPB 83333000

/* By how much a clock's frequency can be corrected at all. */
#define DRIFT_CORRECTABLE_PPB 100000000

/* The largest rate that anybody may name: larger ones could not be corrected. */
#define DRIFT_NAMED_PPB DRIFT_CORRECTABLE_PPB

/* By how much two clocks drift apart at most, both at the limit of what can be corrected. */
#define DRIFT_FARTHEST_PPB 250000000

#endif
