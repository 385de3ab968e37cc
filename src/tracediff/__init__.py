"""Why did PyTorch inference get slower or faster? Profiler traces in, one honest ledger out."""
