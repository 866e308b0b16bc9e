"""Files of hours, from which a store can be made again when the topics hold no more."""
