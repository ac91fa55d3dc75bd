# SPDX-License-Identifier: BSD-3-Clause
"""The mistakes that `timesync-lab grade` knows by name, and the remedy for each."""

MISTAKES = {
    # times
    "empty": "The handler returns zeros: fill in ts1, ts2 and ts3.",
    "seconds": "A time is in seconds. The protocol has nanoseconds: 1 s is 1000000000.",
    "milliseconds": "A time is in milliseconds. The protocol has nanoseconds: 1 ms is 1000000.",
    "microseconds": "A time is in microseconds. The protocol has nanoseconds: 1 us is 1000.",
    "whole-seconds": "A time is cut to whole seconds, so every result is up to a second wrong. Use "
                     "clock_gettime, not time.",
    "monotonic": "A time is from a monotonic clock, which begins when the machine starts. Two "
                 "machines have nothing in common there: use CLOCK_REALTIME.",
    "constant": "The clock stands still: it was read once and not for each call.",
    "not-1970": "A time is not in nanoseconds since 1970.",
    # the server
    "no-answer": "The server does not answer.",
    "ts1-not-echoed": "ts1 must come back as it was sent: the client uses it to match the reply to "
                      "its call.",
    "ts2-after-ts3": "ts2 lies after ts3: ts2 is when the call arrived, ts3 when the reply leaves.",
    "ts2-not-on-arrival": "ts2 is not the time at which the call arrived.",
    "ts2-at-departure": "ts2 is taken after the work, when the reply leaves. Take it first: the "
                        "work counts as delay to the server otherwise, and half of it as error.",
    "ts3-before-work": "ts3 is taken before the work. Take it last: the work counts as delay of "
                       "the reply otherwise, and half of it as error.",
    "ts3-not-on-departure": "ts3 is not the time at which the reply left.",
    "work-outside": "Some of the server's time is neither between ts2 and ts3 nor on the way. Take "
                    "ts2 first and ts3 last.",
    "get-time-other-clock": "GET_TIME and GET_TIMESTAMPS do not return the time of the same clock.",
    "get-time-values": "max_error, sync or leap of GET_TIME has a value that timesync.x does not "
                       "define.",
    "no-interleaved": "Procedure 3 is not served. A server may always answer it as procedure 1, "
                      "with prev_tx = 0.",
    "prev-tx-wrong": "prev_tx is not the time at which the previous reply left. A server that does "
                     "not know it sends 0.",
    "any-version": "Another version or program is not refused by PROG_MISMATCH and PROG_UNAVAIL.",
    "any-procedure": "A procedure that does not exist is not refused by PROC_UNAVAIL, or NULL is "
                     "not answered.",
    "any-arguments": "Arguments that are cut off or out of range are not refused by GARBAGE_ARGS.",
    "one-client-at-a-time": "The server keeps clients waiting while another one is connected.",
    "mixed-up": "The answers to clients that call at the same time are mixed up.",
    "no-tcp": "The server does not answer over TCP.",
    "not-registered": "The server is not registered with rpcbind.",
    "not-withdrawn": "The server does not withdraw its registration when it ends.",
    "does-not-end": "The server does not end when it is asked to.",
    # the client
    "no-call": "The client calls no server.",
    "one-round": "The client makes fewer than five rounds.",
    "no-get-time": "The client does not call GET_TIME.",
    "no-lines": "The client does not print REMOTE_TIME, LOCAL_TIME and RTT_ESTIMATE, each with a "
                "number, on lines of their own.",
    "not-milliseconds": "A printed time is not in milliseconds since 1970.",
    "remote-time-wrong": "REMOTE_TIME is not what GET_TIME returned.",
    "local-time-wrong": "LOCAL_TIME is not what the client's clock showed when GET_TIME's reply "
                        "came.",
    "exit-status": "The client ends with another status than 0 although it succeeded.",
    "rtt-not-halved": "The whole round trip is used instead of half of it, the time of a message "
                      "one way.",
    "work-not-subtracted": "The server's time, ts3 - ts2, is not subtracted from the round trip.",
    "average-of-one": "The estimate is of one round and not the mean of all.",
    "estimate-wrong": "RTT_ESTIMATE is not the mean of ((t4-t1)-(t3-t2))/2 in milliseconds.",
    "way-back-not-added": "The clock is set to the server's time as it was when the reply left. "
                          "Add the time of the way back.",
    "wrong-sign": "The clock is moved the wrong way: an offset above 0 means that it is slow, and "
                  "is added to it.",
    "clock-untouched": "The client does not correct the clock.",
    "clock-wrong": "The clock is corrected by a wrong amount.",
    "resent-as-delay": "A call is sent again after a loss, under the same xid or with the same "
                       "ts1, so the wait is measured as delay. Make a new round with a new t1.",
    "gives-up": "The client gives up when a packet is lost, late or duplicated, instead of making "
                "another round.",
    "other-reply-taken": "A reply is taken for the answer to another call. Compare its xid and "
                         "its ts1 with those of the call, and discard other replies.",
    "step-not-noticed": "The clock was stepped during the measurement, and was corrected as if it "
                        "had not been. Read it again and compare, or measure again.",
    "no-server-unnoticed": "Without a server the client ends as if it had succeeded, or sets the "
                           "clock.",
    "hangs": "The client does not end.",
}
