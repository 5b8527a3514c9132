"""Sends a mail fifty times a second, and numbers them, so that a lost line
shows."""
import time

sent = 0
while True:
    sent += 1
    print(f"mail {sent} sent", flush=True)
    time.sleep(0.02)
