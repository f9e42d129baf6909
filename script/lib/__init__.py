"""What script/server and script/test stand on: standard library only, importable before anything is installed."""
