"""A small shop: answers on the port it is given, tells what it does on stdout,
what went wrong on stderr, and has a bug."""
import http.server
import signal
import sys
import time


class Shop(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        started = time.perf_counter()
        if self.path == "/pay":
            print("payment: upstream answered 502, trying again",
                  file=sys.stderr, flush=True)
        self.server.bug = self.path == "/checkout?coupon=%00"
        status = 500 if self.server.bug else 200
        self.send_response(status)
        self.end_headers()
        took = (time.perf_counter() - started) * 1000
        print(f"GET {self.path} {status} {took:.1f}ms", flush=True)

    def log_message(self, *_):
        pass


def close(*_):
    print("shop: closed for today", flush=True)
    sys.exit(0)


signal.signal(signal.SIGINT, close)
shop = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Shop)
shop.bug = False
print(f"shop: open on port {sys.argv[1]}", flush=True)
while True:
    shop.handle_request()
    if shop.bug:
        raise ValueError("coupon: embedded null byte")
