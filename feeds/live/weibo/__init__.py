"""Weibo by its commercial push."""
