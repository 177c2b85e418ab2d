"""What people see: tables, diagrams, plots, pages. Leaves that nothing else depends on."""
