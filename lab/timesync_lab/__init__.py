# SPDX-License-Identifier: BSD-3-Clause
"""timesync-lab: experiments with real clocks, servers and groups on one machine."""
