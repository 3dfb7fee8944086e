"""The package of a take-down request: what is known, what is asked, and the letter, as one ZIP."""
