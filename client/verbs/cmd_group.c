/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/group/group_health.h"
#include "client/group/group_report.h"
#include "client/group/group_request.h"
#include "print/terminal.h"
#include "client/verbs.h"

/* --- status --- */

/* With a key, a member that does not lead refers us to the leader. 0 or -errno. */
static int find_leader(const struct group_request *r, struct group_asker *asker,
		       struct group_status *s, struct group_member_status *members)
{
	int n;

	if (s->leads || !r->mac || s->leader == MEMBER_NONE) {
		return 0;
	}
	n = group_ask_members(members, asker, s);
	for (int i = 0; i < n; i++) {
		if (members[i].id == s->leader && members[i].address.port != 0) {
			asker->at = group_socket_address(&members[i].address);
			asker->mac = r->mac;
			return group_ask_status(s, asker, 0);
		}
	}
	return n < 0 ? n : 0;
}

/* Print it once. STATUS_DONE with how the group does, or another status after complaining. */
static int show(const struct group_request *r, enum group_health_state *state)
{
	static struct group_member_status members[MEMBERS_MAX];
	struct group_asker asker;
	struct group_status s;
	struct group_health health;
	int status = group_request_begin(r, &asker, &s);
	int n;

	if (status != STATUS_GO_ON) {
		return status;
	}
	n = r->max_spread > 0 ? find_leader(r, &asker, &s, members) : 0;
	n = n < 0 ? n : group_ask_members(members, &asker, &s);
	if (n < 0) {
		return group_request_fail(r, &asker, n);
	}
	if (r->max_spread > 0 && !s.leads && s.leader != MEMBER_NONE) {
		return group_request_complain(r, STATUS_REFUSED, "--max-spread",
					      "only the leader knows the spread: ask it by --at "
					      "and --key, or give --key");
	}
	if (r->watch && terminal_is(stdout)) {
		fputs("\033[H\033[2J", stdout);
	}
	group_health_judge(&health, &s, members, (size_t)n, r->max_spread);
	*state = health.state;
	(r->json ? group_report_json : group_report_print)(&s, members, (size_t)n, &health);
	return fflush(stdout) == 0 ? STATUS_DONE : STATUS_USAGE;
}

static int group_status(int argc, char **argv)
{
	struct group_request r;
	int status = group_request_parse(
		&r, GROUP_SCOPE_STATUS, "timesync group status", NULL,
		"Show the members of a group, its leader and its last cycle.", argc, argv);
	enum group_health_state state = GROUP_LOST;
	bool seen = false;

	if (status == STATUS_DONE) {
		state = GROUP_WELL; /* --help was answered */
	}
	if (status == STATUS_GO_ON) {
		status = show(&r, &state);
		/* Once it has been seen, it is waited for: a daemon may be restarted. */
		while (r.watch && (status == STATUS_DONE || (seen && status == STATUS_NO_ANSWER))) {
			seen = true;
			sleep(1);
			status = show(&r, &state);
		}
	}
	mac_close(r.mac);
	return status == STATUS_DONE ? (int)state : status;
}

/* --- changes --- */

/* `done` says what was done, of the operand if there is one. */
static int report_answer(const struct group_request *r, enum group_answer answer, const char *done)
{
	static const char *const texts[] = {
		[GROUP_DONE] = "done",
		[GROUP_NOT_LEADER] =
			"this member does not lead: ask the leader with --at, or give --key",
		[GROUP_TRY_AGAIN] = "most members do not have the last change yet: try again",
		[GROUP_EXISTS] = "it is already a member",
		[GROUP_UNKNOWN] = "it is not a member",
		[GROUP_FULL] = "the group has the largest possible number of members",
		[GROUP_IMPOSSIBLE] = ("not possible (the others must be able to reach a new "
				      "member; a leader must step down before it leaves)"),
		[GROUP_OLD_NONCE] = "another administrator's request came first: try again",
		[GROUP_UNREACHABLE] = ("it does not answer the leader: does it run there, with "
				       "this group's name and key?"),
		[GROUP_OTHER_LEASE] = "it has another --lease than the group",
		[GROUP_NOT_SAVED] =
			("the leader cannot save its state: the reason is in its log, "
			 "and 'timesync group status' shows whether the change is made"),
	};

	const char *text = texts[answer];

	if (answer == GROUP_DONE) {
		printf("%s%s%s\n", r->operand ? r->operand : "", r->operand ? " " : "", done);
		return STATUS_DONE;
	}
	if (answer == GROUP_NOT_LEADER && r->mac) { /* find_leader has looked for one */
		text = "the group has no leader now: try again when 'timesync group status' "
		       "shows one";
	}
	return r->operand ? group_request_complain(r, STATUS_REFUSED, r->operand, text)
			  : group_request_complain(r, STATUS_REFUSED, text, "");
}

/* Ask the leader once. 0 with its answer, or -1 with the exit status after complaining. */
static int ask_leader(const struct group_request *r, enum group_procedure proc,
		      const struct address *address, enum group_answer *answer, int *status)
{
	static struct group_member_status members[MEMBERS_MAX];
	struct group_asker asker;
	struct group_status s;
	int rc;

	*status = group_request_begin(r, &asker, &s);
	if (*status != STATUS_GO_ON) {
		return -1;
	}
	rc = proc == GROUP_RECOVER ? 0 : find_leader(r, &asker, &s, members);
	if (rc == 0) {
		rc = group_ask_change(answer, &asker, &s, proc, address);
	}
	if (rc != 0) {
		*status = group_request_fail(r, &asker, rc);
	}
	return rc != 0 ? -1 : 0;
}

static const char *done_text(enum group_procedure proc)
{
	return proc == GROUP_JOIN      ? "is a member now"
	       : proc == GROUP_LEAVE   ? "is no member any more: end its daemon"
	       : proc == GROUP_RECOVER ? "the members that answer go on without the others"
				       : "the leader hands over";
}

/* Ask again for a while: a change takes a heartbeat, and the leader first asks the new member. */
#define TRIES    20
#define PAUSE_US 250000

static int change(const struct group_request *r, enum group_procedure proc)
{
	struct address address;
	enum group_answer answer = GROUP_TRY_AGAIN;
	int status = r->operand ? group_request_resolve(r, r->operand, &address) : STATUS_GO_ON;

	if (status != STATUS_GO_ON) {
		return status;
	}
	for (int i = 0; i < TRIES && (answer == GROUP_TRY_AGAIN || answer == GROUP_OLD_NONCE);
	     i++) {
		if (i > 0) {
			usleep(PAUSE_US);
		}
		if (ask_leader(r, proc, r->operand ? &address : NULL, &answer, &status) != 0) {
			return status;
		}
	}
	return report_answer(r, answer, done_text(proc));
}

static int run_change(enum group_procedure proc, const char *program, const char *operand,
		      const char *about, int argc, char **argv)
{
	struct group_request r;
	int status =
		group_request_parse(&r, GROUP_SCOPE_CHANGE, program, operand, about, argc, argv);

	if (status == STATUS_GO_ON) {
		status = change(&r, proc);
	}
	mac_close(r.mac);
	return status;
}

static int group_join(int argc, char **argv)
{
	return run_change(GROUP_JOIN, "timesync group join", "HOST[:PORT]",
			  "Add a member to a group.", argc, argv);
}

static int group_leave(int argc, char **argv)
{
	return run_change(GROUP_LEAVE, "timesync group leave", "HOST[:PORT]",
			  "Remove a member from a group.", argc, argv);
}

static int group_step_down(int argc, char **argv)
{
	return run_change(GROUP_STEP_DOWN, "timesync group step-down", NULL,
			  "Have the leader hand over to another member.", argc, argv);
}

/* --- recovery --- */

static void print_list(const char *head, const struct group_status *s,
		       const struct group_member_status *members, size_t n, bool answering)
{
	char address[64];

	printf("%s", head);
	for (size_t i = 0; i < n; i++) {
		if (group_health_answers(s, &members[i]) == answering) {
			printf(" %s", group_health_address(&members[i], address));
		}
	}
	putchar('\n');
}

/* Whether the user types the name of the group. */
static bool is_confirmed(const char *name)
{
	char line[GROUP_NAME_MAX + 3];

	printf("Type the group's name, %s, to go on without them: ", name);
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin)) {
		putchar('\n');
		return false;
	}
	line[strcspn(line, "\n")] = '\0';
	return strcmp(line, name) == 0;
}

/* Show which members would be left, and have it confirmed. STATUS_GO_ON, or a status to end with.
 */
static int confirm_recovery(const struct group_request *r)
{
	static struct group_member_status members[MEMBERS_MAX];
	struct group_asker asker;
	struct group_status s;
	struct group_health health;
	int status = group_request_begin(r, &asker, &s);
	int n;

	if (status != STATUS_GO_ON) {
		return status;
	}
	n = group_ask_members(members, &asker, &s);
	if (n < 0) {
		return group_request_fail(r, &asker, n);
	}
	group_health_judge(&health, &s, members, (size_t)n, 0);
	if (s.leader != MEMBER_NONE || health.answering >= health.needed || n == 0) {
		return group_request_complain(r, STATUS_REFUSED, "nothing to recover from",
					      n == 0 ? "this is no member of a group"
						     : "a majority of the members is there");
	}
	printf("%zu of %d members of group %s answer%s, and %zu are needed.\n", health.answering, n,
	       s.head.group, health.answering == 1 ? "s" : "", health.needed);
	print_list("stay:    ", &s, members, (size_t)n, true);
	print_list("removed: ", &s, members, (size_t)n, false);
	printf("Do this only if those are gone for good. If they run somewhere, they are a group "
	       "too, and\nthe two groups' clocks drift apart until they hear of each other.\n");
	return r->yes || is_confirmed(s.head.group)
		       ? STATUS_GO_ON
		       : group_request_complain(r, STATUS_REFUSED, "not confirmed",
						"nothing was changed");
}

static int group_recover(int argc, char **argv)
{
	struct group_request r;
	int status = group_request_parse(
		&r, GROUP_SCOPE_CHANGE | GROUP_SCOPE_RECOVER, "timesync group recover", NULL,
		"Have a group go on without its majority, which is gone for good.", argc, argv);

	if (status == STATUS_GO_ON) {
		status = confirm_recovery(&r);
	}
	if (status == STATUS_GO_ON) {
		status = change(&r, GROUP_RECOVER);
	}
	mac_close(r.mac);
	return status;
}

int cmd_group(int argc, char **argv)
{
	static const struct verb verbs[] = {
		{ "status", "show its members, leader and last cycle", group_status },
		{ "join", "add a member", group_join },
		{ "leave", "remove a member", group_leave },
		{ "step-down", "have the leader hand over", group_step_down },
		{ "recover", "go on without a majority that is gone for good", group_recover },
		{ "keygen", "make a key file", cmd_group_keygen },
		{ NULL, NULL, NULL },
	};

	return verbs_run(verbs, "timesync group",
			 "Groups of clocks that agree on the time, under a leader.", argc, argv);
}
