"""Pure: event-time buckets, watermarks, baselines, rules, alert life. Time is an argument."""
