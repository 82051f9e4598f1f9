"""What two networks differ in, for people (`text`, `markdown`) and programs (`json`)."""
