"""The sync itself, pure: observations in, a complete plan out; no framework, database, network or clock."""
