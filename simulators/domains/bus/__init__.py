"""Bus lines: routes, vehicles and timetables."""
