// The line source: an app that writes numbered lines and knows the truth about
// them (lines/truth.h), whatever kills it or whoever reads it.
//
//   line_source --truth FILE --name S [--lines N] [--rate R] [--pad N|N-M]
//               [--writes batch|line|fragments] [--to out|error|both]
//               [--then exit|linger] [--exit CODE] [--on-error stop|go-on]
//               [--after FILE]
//
// With --after it waits until FILE exists before it writes.
// Without --lines it never ends; without --rate it writes as fast as it can.

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <random>
#include <string>

#include "base/fs.h"
#include "support/lines/truth.h"

namespace {

using support::Counter;
using support::LineShape;
using support::RunTruth;
using support::SourceStream;
using support::StreamTruth;
using support::TruthMap;

constexpr size_t kBatch = 65536;

enum class Writes { Batch, Line, Fragments };

struct Options {
  std::string truth;
  std::string name;
  std::string after;
  uint64_t lines = 0;  // of each stream; 0 = endless
  uint64_t rate = 0;   // lines per second over all streams; 0 = full speed
  uint64_t least_padding = 40;
  uint64_t most_padding = 40;
  Writes writes = Writes::Batch;
  bool to_out = true;
  bool to_error = false;
  bool linger = false;
  int exit_code = 0;
  bool go_on = false;  // after a failed write
};

// For the handler alone: a signal carries no argument.
Counter* g_sigpipes = nullptr;

uint64_t now_ns() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000ull +
         static_cast<uint64_t>(t.tv_nsec);
}

uint64_t own_start_ticks() {
  auto stat = base::fs::read_file("/proc/self/stat");
  if (!stat) return 0;
  size_t at = stat->rfind(')');
  for (int spaces = 0; spaces < 20 && at != stat->npos; ++spaces)
    at = stat->find(' ', at + 1);
  if (at == stat->npos) return 0;
  return std::strtoull(stat->c_str() + at, nullptr, 10);
}

bool to_number(std::string_view text, uint64_t& number) {
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

bool set(Options& options, std::string_view flag, std::string_view value) {
  if (flag == "--truth") options.truth = value;
  if (flag == "--name") options.name = value;
  if (flag == "--after") options.after = value;
  if (flag == "--lines") return to_number(value, options.lines);
  if (flag == "--rate") return to_number(value, options.rate);
  if (flag == "--then") options.linger = value == "linger";
  if (flag == "--on-error") options.go_on = value == "go-on";
  if (flag == "--exit") {
    uint64_t code = 0;
    if (!to_number(value, code)) return false;
    options.exit_code = static_cast<int>(code);
  }
  if (flag == "--pad") {
    const auto dash = value.find('-');
    if (!to_number(value.substr(0, dash), options.least_padding)) return false;
    options.most_padding = options.least_padding;
    if (dash != value.npos)
      return to_number(value.substr(dash + 1), options.most_padding);
  }
  if (flag == "--writes") {
    if (value == "line") options.writes = Writes::Line;
    if (value == "fragments") options.writes = Writes::Fragments;
  }
  if (flag == "--to") {
    options.to_out = value != "error";
    options.to_error = value != "out";
  }
  return flag.starts_with("--");
}

// One stream being written: the text that is not yet handed, and where in the
// stream the next line ends.
class Writer {
 public:
  Writer(int fd, LineShape shape, RunTruth& run, StreamTruth& truth,
         const Options& options)
      : fd_(fd),
        shape_(std::move(shape)),
        run_(run),
        truth_(truth),
        options_(options),
        random_(static_cast<uint32_t>(::getpid())),
        next_end_(shape_.size(1)) {}

  uint64_t lines() const { return made_; }
  bool full() const { return options_.lines != 0 && made_ == options_.lines; }
  bool batch_ready() const { return pending_.size() >= kBatch - 4096; }

  void add_line() { shape_.append(++made_, pending_); }

  // False: writing failed and the source should end.
  bool flush() {
    size_t at = 0;
    while (at < pending_.size()) {
      const size_t size = piece(at);
      truth_.offered_bytes += size - in_doubt_;
      in_doubt_ = size;
      const uint64_t begin = now_ns();
      const ssize_t n = ::write(fd_, pending_.data() + at, size);
      const int error = errno;
      const uint64_t took = now_ns() - begin;
      if (took > run_.longest_write_ns) run_.longest_write_ns = took;
      if (n < 0) {
        if (error == EINTR) continue;
        if (error == EAGAIN) {
          pollfd one{fd_, POLLOUT, 0};
          ::poll(&one, 1, 100);
          continue;
        }
        run_.last_errno = static_cast<uint64_t>(error);
        ++run_.failures;
        if (!options_.go_on) return false;
        ::usleep(1000);
        continue;
      }
      const auto handed = static_cast<size_t>(n);
      at += handed;
      in_doubt_ -= handed;
      count(handed);
    }
    pending_.clear();
    return true;
  }

 private:
  // How much to offer at once.
  size_t piece(size_t at) {
    if (in_doubt_ != 0) return in_doubt_;  // the rest of what was offered
    const size_t left = pending_.size() - at;
    if (options_.writes != Writes::Fragments) return left;
    // Mostly a few bytes, at times more than a line or a pipe's page.
    const size_t most = random_() % 8 == 0 ? 9000 : 90;
    return std::min<size_t>(left, 1 + random_() % most);
  }

  void count(size_t bytes) {
    const uint64_t handed = truth_.handed_bytes += bytes;
    while (next_end_ <= handed) {
      ++counted_;
      next_end_ += shape_.size(counted_ + 1);
    }
    truth_.handed_lines = counted_;
  }

  const int fd_;
  const LineShape shape_;
  RunTruth& run_;
  StreamTruth& truth_;
  const Options& options_;
  std::minstd_rand random_;
  std::string pending_;
  uint64_t made_ = 0;
  uint64_t counted_ = 0;
  uint64_t next_end_;
  size_t in_doubt_ = 0;  // offered, not yet handed
};

void sleep_until(uint64_t due_ns) {
  const timespec due{static_cast<time_t>(due_ns / 1'000'000'000ull),
                     static_cast<long>(due_ns % 1'000'000'000ull)};
  while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, nullptr) ==
         EINTR) {
  }
}

// Lines between two flushes: all that fit in a batch at full speed, a 200th of
// a second's worth at a rate.
bool time_to_flush(const Writer& writer, const Options& options,
                   uint64_t since_flush) {
  if (options.writes == Writes::Line || writer.batch_ready()) return true;
  return options.rate != 0 && since_flush >= (options.rate + 199) / 200;
}

bool write_lines(std::vector<Writer>& writers, const Options& options) {
  const uint64_t begin = now_ns();
  uint64_t made = 0;
  uint64_t since_flush = 0;
  for (;;) {
    bool all_full = true;
    for (auto& writer : writers) {
      if (writer.full()) continue;
      all_full = false;
      writer.add_line();
      ++made;
    }
    if (!all_full && !time_to_flush(writers.front(), options, ++since_flush))
      continue;
    since_flush = 0;
    for (auto& writer : writers)
      if (!writer.flush()) return false;
    if (all_full) return true;
    if (options.rate != 0)
      sleep_until(begin + made * 1'000'000'000ull / options.rate);
  }
}

// Takes the next run of the truth file; several sources may start at once.
RunTruth* begin_run(TruthMap& truth, const Options& options, uint64_t& number) {
  number = ++truth->runs;
  if (number > support::TruthFile::kMaxRuns) return nullptr;
  options.name.copy(truth->source.data(), truth->source.size() - 1);
  truth->least_padding = options.least_padding;
  truth->most_padding = options.most_padding;
  truth->magic = support::TruthFile::kMagic;
  RunTruth& run = truth->run[number - 1];
  run.pid = static_cast<uint64_t>(::getpid());
  run.start_ticks = own_start_ticks();
  return &run;
}

int usage(std::string_view why) {
  fmt::print(stderr, "line_source: {}\n", why);
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2)
    if (!set(options, argv[i], argv[i + 1])) return usage(argv[i]);
  if (argc % 2 == 0) return usage("a flag without a value");
  if (options.truth.empty() || options.name.empty())
    return usage("--truth and --name are needed");
  auto truth = TruthMap::create(options.truth);
  if (!truth) return usage(truth.error().message);
  uint64_t number = 0;
  RunTruth* const run = begin_run(*truth, options, number);
  if (run == nullptr) return usage("too many runs");
  g_sigpipes = &run->sigpipes;
  ::signal(SIGPIPE, [](int) { ++*g_sigpipes; });

  std::vector<Writer> writers;
  const auto add = [&](int fd, SourceStream stream) {
    LineShape shape(options.name, number, stream, options.least_padding,
                    options.most_padding);
    writers.emplace_back(fd, std::move(shape), *run,
                         run->streams[static_cast<size_t>(stream)], options);
  };
  if (options.to_out) add(1, SourceStream::Out);
  if (options.to_error) add(2, SourceStream::Error);
  while (!options.after.empty() && !base::fs::exists(options.after))
    ::usleep(1000);
  if (!write_lines(writers, options)) return 3;
  run->finished = 1;
  while (options.linger) ::pause();
  return options.exit_code;
}
