"""Watching for processes: rules, the sentry that hears of starts and ends, and the captures that come of it."""
