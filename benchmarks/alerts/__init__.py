"""How alerting behaves: noise, faults and latency."""
