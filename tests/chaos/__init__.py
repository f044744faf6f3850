"""`make chaos`: slow proofs. Workers and brokers are killed, frozen, added and removed."""
