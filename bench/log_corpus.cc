// Logs as services write them, for benches: the same bytes for the same flags.
//
//   bench_log_corpus [--kind text|json] [--size BYTES] [--seed N]
//                    [--stamp prefix|json|none] [--rate LINES/S]
//
// To stdout, whole lines, at least BYTES (k, M, G are understood). text: access
// logs, key=value lines of services, a database's, now and then a stack trace.
// json: one object a line, as structured loggers write them. Users, addresses
// and phrases are few and some far more frequent than others (Zipf); ids,
// durations and sizes are new in each line or shared by the lines of one
// request. zstd -3 makes text about 6 times smaller, JSON 9 times. With --stamp
// the lines are as Lodge has them on disk.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace {

struct Options {
  bool json = false;
  uint64_t size = uint64_t{64} << 20;
  uint64_t seed = 1;
  std::string stamp = "prefix";
  double rate = 2000;
};

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 2 + 1) {}
  uint64_t bits() {  // splitmix64
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  uint64_t below(uint64_t end) { return bits() % end; }
  double unit() { return static_cast<double>(bits() >> 11) * 0x1p-53; }
  bool chance(double p) { return unit() < p; }

 private:
  uint64_t state_;
};

// Ranks from 0, the k-th about as often as 1/k.
class Zipf {
 public:
  explicit Zipf(size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; ++i)
      upto_.push_back(sum += 1.0 / static_cast<double>(i + 1));
    for (double& x : upto_) x /= sum;
  }
  size_t pick(Random& random) const {
    const auto at = std::lower_bound(upto_.begin(), upto_.end(), random.unit());
    return static_cast<size_t>(at - upto_.begin());
  }

 private:
  std::vector<double> upto_;
};

constexpr std::string_view kServices[] = {
    "checkout", "catalog",   "payments", "search",  "sessions",
    "mailer",   "inventory", "gateway",  "reports", "webhooks"};
constexpr std::string_view kPaths[] = {"/api/v1/orders",
                                       "/api/v1/cart",
                                       "/api/v2/products",
                                       "/api/v2/products/search",
                                       "/healthz",
                                       "/api/v1/users/me",
                                       "/static/js/app.js",
                                       "/api/v1/payments",
                                       "/login",
                                       "/api/v1/invoices",
                                       "/api/v2/inventory",
                                       "/metrics",
                                       "/api/v1/orders/export",
                                       "/static/css/site.css",
                                       "/api/v1/webhooks/stripe"};
constexpr std::string_view kAgents[] = {
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) "
    "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 "
    "Firefox/127.0",
    "curl/7.88.1",
    "okhttp/4.12.0",
    "python-requests/2.31.0"};
constexpr std::string_view kPhrases[] = {
    "request completed",
    "cache miss, loading from database",
    "connection acquired from pool",
    "user session refreshed",
    "published event to topic",
    "retrying after transient failure",
    "slow query detected",
    "token validated",
    "payment authorised by provider",
    "connection reset by peer",
    "deadline exceeded while waiting for upstream",
    "rate limit reached for client",
    "background job finished",
    "configuration reloaded",
    "circuit breaker opened",
    "could not parse response body"};
constexpr std::string_view kWords[] = {
    "order",   "shipment", "customer", "voucher", "basket",  "address",
    "invoice", "refund",   "variant",  "stock",   "carrier", "label",
    "email",   "template", "tenant",   "region",  "shard",   "replica"};
constexpr std::string_view kTables[] = {"orders",   "order_items", "customers",
                                        "stock",    "sessions",    "payments",
                                        "vouchers", "audit"};

// What the lines of one request share.
struct Request {
  std::string id;
  uint64_t user = 0;
  uint64_t order = 0;
  std::string_view path;
  std::string_view service;
  uint64_t lines_left = 0;
};

class Corpus {
 public:
  explicit Corpus(const Options& options)
      : options_(options), random_(options.seed), open_(24) {}

  // Without '\n'.
  void line(std::string& into) {
    Request& request = open_[random_.below(open_.size())];
    if (request.lines_left-- == 0) begin(request);
    into.clear();
    if (options_.json) return json_line(request, into);
    text_line(request, into);
  }

 private:
  template <size_t N>
  std::string_view some(const std::string_view (&of)[N]) {
    return of[few_.pick(random_) % N];
  }
  std::string address() {
    const uint64_t host = hosts_.pick(random_) * 2654435761 % (1 << 24);
    return fmt::format("10.{}.{}.{}", host >> 16, host >> 8 & 255, host & 255);
  }
  double took() { return std::exp(random_.unit() * 7.0 - 1.0); }
  uint64_t status() {
    static constexpr uint64_t kAll[] = {200, 200, 200, 200, 200, 200, 201, 204,
                                        304, 304, 400, 401, 404, 429, 500, 503};
    return kAll[random_.below(std::size(kAll))];
  }
  void begin(Request& request) {
    const uint64_t a = random_.bits();
    const uint64_t b = random_.bits();
    request = {fmt::format("{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}", a >> 32,
                           a & 0xffff, a >> 16 & 0xfff, b & 0xfff, b >> 16),
               10'000 + users_.pick(random_) * 37,
               99'400'000'000 + random_.below(90'000'000),
               some(kPaths),
               some(kServices),
               2 + random_.below(9)};
  }

  void text_line(Request& r, std::string& into) {
    auto out = std::back_inserter(into);
    const uint64_t kind = random_.below(100);
    if (kind < 28) {
      fmt::format_to(out,
                     "{} - - \"{} {}?page={} HTTP/1.1\" {} {} \"-\" \"{}\" "
                     "rt={:.3f}",
                     address(), random_.chance(.8) ? "GET" : "POST", r.path,
                     random_.below(9), status(), random_.below(40'000),
                     some(kAgents), took() / 1000);
    } else if (kind < 60) {
      static constexpr std::string_view kLevels[] = {"INFO",  "INFO", "INFO",
                                                     "DEBUG", "WARN", "ERROR"};
      fmt::format_to(out,
                     "{} [{}] {} request_id={} user={} order={} "
                     "took={:.1f}ms",
                     kLevels[random_.below(6)], r.service, some(kPhrases), r.id,
                     r.user, r.order, took());
    } else if (kind < 75) {
      fmt::format_to(out,
                     "level={} service={} msg=\"{}\" trace={} {}={} "
                     "attempt={}",
                     random_.chance(.9) ? "info" : "error", r.service,
                     some(kPhrases), r.id.substr(0, 8), some(kWords),
                     random_.below(4000), random_.below(4));
    } else if (kind < 90) {
      fmt::format_to(out,
                     "[{}] LOG:  duration: {:.3f} ms  execute <unnamed>: "
                     "SELECT * FROM {} WHERE {}_id = {} LIMIT {}",
                     2000 + random_.below(40), took(), some(kTables),
                     some(kWords), r.user, 10 * (1 + random_.below(5)));
    } else if (kind < 98) {
      fmt::format_to(out, "worker-{} {} {} {} of {} in {} ms",
                     random_.below(16), some(kPhrases), some(kWords),
                     random_.below(900), r.service,
                     static_cast<uint64_t>(took()));
    } else {
      fmt::format_to(out,
                     "    at com.example.{}.{}Handler.handle({}Handler.java:"
                     "{})",
                     r.service, some(kWords), some(kWords), random_.below(400));
    }
  }

  void json_line(Request& r, std::string& into) {
    auto out = std::back_inserter(into);
    const uint64_t kind = random_.below(100);
    const std::string_view level = kind < 80   ? "info"
                                   : kind < 90 ? "debug"
                                   : kind < 96 ? "warn"
                                               : "error";
    fmt::format_to(out, R"({{"level":"{}","service":"{}","pid":{},)", level,
                   r.service, 4000 + random_.below(8));
    if (kind % 3 == 0) {
      fmt::format_to(out,
                     R"("method":"{}","path":"{}","status":{},"bytes":{},)"
                     R"("remote":"{}","agent":"{}",)",
                     random_.chance(.8) ? "GET" : "POST", r.path, status(),
                     random_.below(40'000), address(), some(kAgents));
    } else if (kind % 3 == 1) {
      fmt::format_to(out, R"("user":{{"id":{},"plan":"{}"}},"order":{},)",
                     r.user, random_.chance(.9) ? "free" : "pro", r.order);
    } else {
      fmt::format_to(out, R"("{}":{},"attempt":{},"queue":"{}",)", some(kWords),
                     random_.below(4000), random_.below(4), some(kTables));
    }
    fmt::format_to(out,
                   R"("request_id":"{}","duration_ms":{:.1f},"msg":"{}"}})",
                   r.id, took(), some(kPhrases));
  }

  const Options& options_;
  Random random_;
  Zipf few_{18};
  Zipf users_{20'000};
  Zipf hosts_{4'000};
  std::vector<Request> open_;
};

uint64_t bytes_of(const char* text) {
  char* end = nullptr;
  const double number = std::strtod(text, &end);
  const double unit = *end == 'k'   ? 1024.0
                      : *end == 'M' ? 1048576.0
                      : *end == 'G' ? 1073741824.0
                                    : 1.0;
  return static_cast<uint64_t>(number * unit);
}

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const char* const value = argv[i + 1];
    if (name == "--kind")
      options.json = std::string_view(value) == "json";
    else if (name == "--size")
      options.size = bytes_of(value);
    else if (name == "--seed")
      options.seed = std::strtoull(value, nullptr, 10);
    else if (name == "--stamp")
      options.stamp = value;
    else if (name == "--rate")
      options.rate = std::strtod(value, nullptr);
    else
      return false;
  }
  return argc % 2 == 1 && options.rate > 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, options)) {
    std::fputs("usage: see bench/log_corpus.cc\n", stderr);
    return 2;
  }
  Corpus corpus(options);
  Random times(options.seed + 77);
  const bool member = options.stamp == "json" && options.json;
  double now = 1.795256102123456e15;  // 2026-11-21T10:15:02
  std::string line, block;
  for (uint64_t written = 0; written < options.size;) {
    corpus.line(line);
    now += 1 + -std::log(1 - times.unit()) * 1e6 / options.rate;
    const auto stamp = base::format_stamp({static_cast<int64_t>(now)});
    if (member)
      line.insert(1, "\"@lodge\":\"" + stamp + "\",");
    else if (options.stamp != "none")
      line.insert(0, stamp + " ");
    line += '\n';
    block += line;
    written += line.size();
    if (block.size() < 1 << 20 && written < options.size) continue;
    if (std::fwrite(block.data(), 1, block.size(), stdout) != block.size())
      return 1;
    block.clear();
  }
  return std::fflush(stdout) == 0 ? 0 : 1;
}
