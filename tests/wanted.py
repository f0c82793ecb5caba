# SPDX-License-Identifier: BSD-3-Clause
"""Modules that a test needs: found by another Python if not by this one, or the test is skipped."""
import importlib
import os
import sys

SYSTEM = "/usr/bin/python3"  # the first python3 of the path need not be the one that has them


def require(*modules):
    try:
        for module in modules:
            importlib.import_module(module)
    except ImportError as missing:
        if os.path.exists(SYSTEM) and os.path.realpath(sys.executable) != os.path.realpath(SYSTEM):
            os.execv(SYSTEM, [SYSTEM] + sys.argv)
        print("skipped: %s" % missing)
        sys.exit(77)
