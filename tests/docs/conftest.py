"""What tests of the pages share with those of the harness."""

from tests.harness.conftest import wheel

__all__ = ["wheel"]
