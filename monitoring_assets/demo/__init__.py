"""The demo: a generated world of parcels, what a service would have logged, and known faults."""
