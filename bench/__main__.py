"""`python -m bench` compares posts a second; see also `analysis`, `board`, `center`, `delivery`,
`feeds`, `live`, `messages`, `outside`, `page_waits`, `pictures`, `restart`, `scaling`, `walls`."""

import logging
import sys

from bench import (
    analysis,
    board,
    center,
    delivery,
    feeds,
    feeds_outside,
    live,
    messages,
    page_waits,
    pictures,
    restart,
    scaling,
    throughput,
    walls,
)

KINDS = {
    "analysis": analysis.main,
    "board": board.main,
    "center": center.main,
    "delivery": delivery.main,
    "feeds": feeds.main,
    "live": live.main,
    "messages": messages.main,
    "outside": feeds_outside.main,
    "page_waits": page_waits.main,
    "pictures": pictures.main,
    "restart": restart.main,
    "scaling": scaling.main,
    "walls": walls.main,
}

# Producers and consumers that wait for the leaders of new topics say so many times.
logging.getLogger("aiokafka").setLevel(logging.CRITICAL)

if sys.argv[1:2] and sys.argv[1] in KINDS:
    KINDS[sys.argv.pop(1)]()
else:
    throughput.main()
