"""Scripts that learn the shipped models. Need the extra `train`; nothing at run time does."""
