# SPDX-License-Identifier: BSD-3-Clause
"""The other scenarios of timesync-lab keep their limits, and leave reports."""

import unittest

import labrun


class MeasuringTest(labrun.ShippedCase):
    GROUPS = False


if __name__ == "__main__":
    unittest.main()
