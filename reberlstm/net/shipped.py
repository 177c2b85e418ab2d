"""The nets that come with the package, by name; see `reberlstm.net.loading`."""

from reberlstm.net.loading import FOLDER, shipped, shipped_names

__all__ = ["FOLDER", "shipped", "shipped_names"]
