/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A typical server: the procedure under the main program that rpcgen generates, on libtirpc's own
 * transports. Linked with that main program.
 */
#include "stock.h"
#include "os/clock_system.h"

stock_stamps *get_stamps_1_svc(stock_args *args, struct svc_req *rq)
{
	static stock_stamps result; /* as rpcgen would have it: it is sent after the return */

	(void)rq;
	result.ts1 = args->ts1;
	result.ts2 = clock_now(clock_system());
	result.ts3 = clock_now(clock_system());
	return &result;
}
