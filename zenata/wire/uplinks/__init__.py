"""What a pilot's own devices say, in the formats that devices and network servers speak; pure functions."""
