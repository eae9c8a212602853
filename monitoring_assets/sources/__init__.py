"""Where rows are read from: files and databases, behind the port `application.ports.Source`."""
