"""Exchange with other programs: leaves that nothing else depends on."""
