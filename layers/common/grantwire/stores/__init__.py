"""What AWS keeps: webhooks and deliveries in DynamoDB, dead letters in SQS, secrets sealed by KMS."""
