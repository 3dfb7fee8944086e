"""What time asks for. Everything asks "what is due?" and may run twice."""
