"""The commands of `leimo`, one a file. Heavy modules are imported when a command runs."""
