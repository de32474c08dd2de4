"""Living with others that fail: backoff, retry, deadline, circuit breaker, and policies made of them."""
