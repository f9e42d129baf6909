"""Microsoft Graph behind the sync's ports: tokens, requests, and what its answers mean."""
