# SPDX-License-Identifier: BSD-3-Clause
"""The claimed bounds of clocks, from the pages that the clocks' keepers publish."""

import os
import sys
import time

import bounded_time

from . import programs


class Claims:
    """Reads the pages of all clocks, as soon as there are any."""

    def __init__(self):
        self._pages = {}  # path -> (inode, Clock)
        self._complained = False

    def page(self, path):
        """The page of a clock file, opened again if it was replaced. None if there is none.

        NoLibrary if libtimesync is missing.
        """
        try:
            inode = os.stat(f"{path}.bound").st_ino
            if path not in self._pages or self._pages[path][0] != inode:
                self._pages[path] = inode, bounded_time.Clock(path, programs.library())
        except OSError:
            return None
        return self._pages[path][1]

    def bound(self, node):
        """By how much a node's clock is wrong at most, in s; None if nobody claims anything."""
        try:
            page = self.page(node.path)
        except bounded_time.NoLibrary as error:
            if not self._complained:
                print(f"timesync-lab: what members claim of their clocks is not recorded: {error}",
                      file=sys.stderr)
            self._complained = True
            return None
        if page is None:
            return None
        line = node.clock.line()
        state, now = page.now()
        if state == "unknown":
            return None
        real = time.time_ns()
        shown = real + line.error(real)
        return max(now.latest - shown, shown - now.earliest) / 1e9
