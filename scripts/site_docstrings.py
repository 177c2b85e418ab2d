"""For the reference of the site: our docstrings say ``Example:``, griffe knows ``Examples:``."""

# mypy: disable-error-code="import-not-found, misc"

from __future__ import annotations

import re
from typing import Any

import griffe


class Examples(griffe.Extension):
    """Let examples be shown as code."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Change the docstring of anything that has one."""
        if obj.docstring is not None:
            text = re.sub(r"^Example:$", "Examples:", obj.docstring.value, flags=re.M)
            obj.docstring.value = text
