"""The running bot: everything that touches the world. Imported by nobody."""
