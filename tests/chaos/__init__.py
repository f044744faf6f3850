"""`make chaos`: workers and brokers are killed, frozen and changed while events flow."""
