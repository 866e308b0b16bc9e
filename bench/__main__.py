"""`python -m bench` compares posts a second; see also `board`, `latency`, `restart`, `scaling`."""

import logging
import sys

from bench import board, latency, restart, scaling, throughput

KINDS = {
    "board": board.main,
    "latency": latency.main,
    "restart": restart.main,
    "scaling": scaling.main,
}

# Producers and consumers that wait for the leaders of new topics say so many times.
logging.getLogger("aiokafka").setLevel(logging.CRITICAL)

if sys.argv[1:2] and sys.argv[1] in KINDS:
    KINDS[sys.argv.pop(1)]()
else:
    throughput.main()
