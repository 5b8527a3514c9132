"""Can't run as it is: what many apps look like on their first day."""
import os

print("report: starting", flush=True)
database = os.environ["REPORT_DATABASE"]
