/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/group_bodies.h"

static size_t encode_change(uint8_t *buf, size_t size, struct member_address address)
{
	const struct group_change c = {
		.head = group_body_head(),
		.nonce = group_body_nonce(),
		.address = address,
	};

	return group_encode_change(buf, size, &c);
}

static size_t encode_join_v4(uint8_t *buf, size_t size)
{
	return encode_change(buf, size, group_body_v4());
}

static size_t encode_join_v6(uint8_t *buf, size_t size)
{
	return encode_change(buf, size, group_body_v6());
}

static size_t encode_step_down(uint8_t *buf, size_t size)
{
	return encode_change(buf, size, (struct member_address){ .port = 0 });
}

static size_t recode_change(const uint8_t *bytes, size_t n, uint8_t *out)
{
	struct group_change c;

	return group_decode_change(&c, bytes, n) ? group_encode_change(out, GROUP_BODY_MAX, &c) : 0;
}

static size_t encode_change_result(uint8_t *buf, size_t size)
{
	const struct group_head head = group_body_head();

	return group_encode_change_result(buf, size, &head, GROUP_OLD_NONCE);
}

static size_t recode_change_result(const uint8_t *bytes, size_t n, uint8_t *out)
{
	enum group_answer answer;
	struct group_head head;

	return group_decode_change_result(&head, &answer, bytes, n)
		       ? group_encode_change_result(out, GROUP_BODY_MAX, &head, answer)
		       : 0;
}

static size_t encode_args_for(uint8_t *buf, size_t size, size_t members)
{
	const struct group_status_args args = {
		.head = group_body_head(),
		.once = group_body_nonce(),
		.first = UINT32_MAX,
		.members = members,
	};

	return group_encode_status_args(buf, size, &args);
}

static size_t encode_status_args(uint8_t *buf, size_t size)
{
	return encode_args_for(buf, size, GROUP_PAGE);
}

static size_t encode_least_status_args(uint8_t *buf, size_t size)
{
	return encode_args_for(buf, size, 0);
}

static size_t recode_status_args(const uint8_t *bytes, size_t n, uint8_t *out)
{
	struct group_status_args args;

	return group_decode_status_args(&args, bytes, n)
		       ? group_encode_status_args(out, GROUP_BODY_MAX, &args)
		       : 0;
}

struct group_status group_body_status(size_t n)
{
	struct group_status s = {
		.head = group_body_head(),
		.nonce = group_body_nonce(),
		.leader = 9,
		.leader_for = 15,
		.leads = true,
		.lease = 1,
		.cycle = 2,
		.tolerance = 3,
		.max_correction = 4,
		.corrected = -1,
		.correction = -5,
		.cycle_ended = 6,
		.cycle_took = 7,
		.mean = -8,
		.used = 10,
		.reference = true,
		.follows = true,
		.source_for = -1,
		.max_error = 16,
		.total = MEMBERS_MAX,
		.n = n,
	};

	s.counts[0] = 11;
	s.counts[GROUP_COUNTS - 1] = UINT64_MAX;
	for (size_t i = 0; i < n; i++) {
		s.members[i] = (struct group_member_status){
			.id = i + 1,
			.address = group_body_v6(),
			.heard = -1,
			.part = GROUP_UNMEASURED,
			.offset = -12,
			.delay = 13,
			.correction = -14,
			.outcome = GROUP_REFUSED,
			.reference = GROUP_REFERENCE_BEHIND,
			.max_error = GROUP_UNKNOWN_ERROR,
			.frequency_ppb = -17,
			.unlike = 5,
		};
	}
	return s;
}

static size_t encode_status(uint8_t *buf, size_t size)
{
	const struct group_status s = group_body_status(GROUP_PAGE);

	return group_encode_status(buf, size, &s);
}

static size_t encode_empty_status(uint8_t *buf, size_t size)
{
	const struct group_status s = group_body_status(0);

	return group_encode_status(buf, size, &s);
}

static size_t recode_status(const uint8_t *bytes, size_t n, uint8_t *out)
{
	struct group_status s;

	return group_decode_status(&s, bytes, n) ? group_encode_status(out, GROUP_BODY_MAX, &s) : 0;
}

const struct group_body group_admin_bodies[GROUP_ADMIN_BODIES] = {
	{ "join of IPv4", encode_join_v4, recode_change },
	{ "join of IPv6", encode_join_v6, recode_change },
	{ "step-down", encode_step_down, recode_change },
	{ "change's answer", encode_change_result, recode_change_result },
	{ "status' arguments", encode_status_args, recode_status_args },
	{ "arguments for a status of nobody", encode_least_status_args, recode_status_args },
	{ "full page of the status", encode_status, recode_status },
	{ "status of nobody", encode_empty_status, recode_status },
};
