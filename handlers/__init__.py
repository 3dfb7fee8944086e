"""What we decide: no platform, no SQL, no framework, no clock. All of it is handed in."""
