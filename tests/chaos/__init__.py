"""`make chaos`: workers and brokers are killed, frozen, added and removed while events flow."""
