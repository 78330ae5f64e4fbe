"""The parts of the rehearsal: an emulator of AWS, the two ends, and what is told of it."""
