"""The laws first (`properties`), then the published figures, then examples and bad input."""
