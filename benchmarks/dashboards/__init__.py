"""How fast dashboards, the exporter and writing are on 200 models, 300 days and 40 features."""
