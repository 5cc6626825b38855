"""python3 -B -m unittest discover -t templates/python -s templates/python/tests"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "wrapper"))
