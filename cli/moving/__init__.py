"""Moving in: what other senders of webhooks export becomes files that `apply` takes, and a report of what does not."""
