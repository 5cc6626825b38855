"""python3 -I -S wrapper/main.py: the process around a tenant's function."""

from time import monotonic

BEGAN = monotonic()

import os  # noqa: E402
import sys  # noqa: E402

here = os.path.dirname(os.path.abspath(__file__))
# Only while the wrapper loads: the function sees its own files, its dependencies and the standard library.
sys.path.insert(0, here)
from knative_lambda.start import start  # noqa: E402

sys.path.remove(here)
start(os.path.dirname(here), BEGAN)
