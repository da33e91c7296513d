"""The commands of ``swfsim``, one file each; ``swfsim.cli`` puts them together."""
