"""The commands of `rutan`, one file an area. Imports of ours stand inside the commands: `rutan check` starts in under a second."""
