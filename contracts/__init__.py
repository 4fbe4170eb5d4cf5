"""What crosses a border between services: events, types and their published schemas."""
