"""The store on an InfluxDB server, version 1, 2 or 3."""
