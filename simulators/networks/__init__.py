"""Networks of a city as documents: streets, water, power, traffic and buses, for whoever is to read or to compute them."""
