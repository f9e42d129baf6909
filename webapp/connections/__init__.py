"""Office 365 Integration: connections to Microsoft 365 tenants and their checks."""
