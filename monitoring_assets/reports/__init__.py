"""Pictures and reports for people; no verdict is made here."""
