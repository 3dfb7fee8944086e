"""What we know: entries, signs, the directory, and how a message is recognised. Imports nothing of ours."""
