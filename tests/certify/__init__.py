"""The no-skip certificate: a log is written, read, copied and broken, and then compared with what everybody saw of it."""
