"""`python -m bench` compares posts a second."""

from bench.throughput import main

main()
