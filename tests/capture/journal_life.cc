#include "capture/journal_life.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "base/fs.h"
#include "base/shared_memory.h"
#include "capture/capture_thread.h"

namespace capture_test {
namespace {

class OffsetClock final : public base::Clock {
 public:
  explicit OffsetClock(const Shared& shared) : shared_(shared) {}
  base::Timestamp now() const override { return system_.now(); }
  base::MonoTime mono() const override {
    return system_.mono() + base::Millis{shared_.mono_offset_ms.load()};
  }

 private:
  const Shared& shared_;
  base::SystemClock system_;
};

class Teller final : public capture::Observer {
 public:
  Teller(Shared& shared, int control) : shared_(shared), control_(control) {}
  void say(char kind, int source) const {
    const Message message{kind, source};
    (void)!::send(control_, &message, sizeof message, MSG_NOSIGNAL);
  }
  void on_source_ended(uint64_t id) override {
    say('e', static_cast<int>(id) - 1);
  }
  void on_line_ended(const capture::SourceInfo& source,
                     base::Timestamp) override {
    if (const int at = of(source); at >= 0) ++shared_.ended_lines[at];
  }
  void on_trouble(const capture::SourceInfo&, const base::Error&) override {
    say('t', 0);
  }
  void on_dropped(const capture::SourceInfo& source,
                  const capture::Dropped& dropped) override {
    const int at = of(source);
    if (at < 0) return;
    shared_.dropped_lines[at] += dropped.lines;
    shared_.dropped_bytes[at] += dropped.bytes;
  }
  void on_unaccounted(const capture::SourceInfo&, std::string_view) override {
    ++shared_.unaccounted;
  }

 private:
  // By what outlives a daemon: ids don't.
  static int of(const capture::SourceInfo& source) {
    return static_cast<int>(source.generation) - 1;
  }
  Shared& shared_;
  const int control_;
};

capture::SinkSpec spec_of(const Run& run, int source) {
  const auto at = static_cast<size_t>(source);
  const Story::File& file = run.story.files[run.story.file_of[at]];
  return {run.path_of(source),
          file.options,
          {.app = "api", .kind = file.kind, .instance = 0}};
}

capture::CaptureThread::Adopted to_capture(const Run& run, int source) {
  const auto at = static_cast<size_t>(source);
  auto spec = spec_of(run, source);
  auto pipe = base::fs::duplicate(run.sources[at].read);
  if (!pipe) give_up(*run.shared, pipe.error().message);
  return {{at + 1, "api", 0, 0, at + 1,
           spec.owner.kind == store::SegmentKind::Error ? store::Stream::Error
                                                        : store::Stream::Out},
          std::move(*pipe),
          std::move(spec)};
}

}  // namespace

void give_up(Shared& shared, std::string_view why) {
  const size_t size = std::min(why.size(), sizeof shared.failure - 1);
  std::memcpy(shared.failure, why.data(), size);
  ::_exit(1);
}

void live(const Run& run, int control, const std::string& rules) {
  ::setenv("LODGE_FAILPOINTS", rules.c_str(), 1);
  ::setenv("LODGE_FAILPOINT_RELEASE", (run.dir + "/release").c_str(), 1);
  auto fd = base::fs::duplicate(run.spool);
  if (!fd) give_up(*run.shared, fd.error().message);
  auto memory = base::SharedMemory::adopt(std::move(*fd));
  if (!memory) give_up(*run.shared, memory.error().message);
  auto spool = capture::Spool::open(std::move(*memory));
  if (!spool) give_up(*run.shared, spool.error().message);

  const OffsetClock clock(*run.shared);
  Teller teller(*run.shared, control);
  capture::CaptureThread capture({clock}, teller);
  capture.use(std::move(*spool));
  std::vector<capture::CaptureThread::Adopted> adopted;
  for (int i = 0; i < static_cast<int>(run.sources.size()); ++i) {
    const auto& source = run.sources[static_cast<size_t>(i)];
    if (source.added && !source.ended) adopted.push_back(to_capture(run, i));
  }
  std::vector<capture::SinkSpec> known;
  for (int i = 0; i < static_cast<int>(run.sources.size()); ++i)
    known.push_back(spec_of(run, i));
  capture.adopt(std::move(adopted), std::move(known));

  Message message{};
  while (::recv(control, &message, sizeof message, 0) == sizeof message) {
    const int source = message.source;
    const auto pass_by = [&](int64_t ms) {
      capture.drain(static_cast<uint64_t>(source) + 1,
                    [&run, &teller, source, ms] {
                      run.shared->mono_offset_ms += ms;
                      teller.say('d', source);
                    });
    };
    if (message.kind == 'a') {
      auto adding = to_capture(run, source);
      capture.add(std::move(adding.info), std::move(adding.pipe),
                  std::move(adding.sink));
    } else if (message.kind == 'd') {
      capture.drain(static_cast<uint64_t>(source) + 1,
                    [&teller, source] { teller.say('d', source); });
    } else if (message.kind == 'f' || message.kind == 'g') {
      capture.replace(
          {run.path_of(source)}, base::MonoTime::max(),
          [&teller, source](const auto&) { teller.say('f', source); });
      if (message.kind == 'g') pass_by(200);
    } else if (message.kind == 's' || message.kind == 'p') {
      capture.seal({{spec_of(run, source)}},
                   [&teller, source](const auto&) { teller.say('s', source); });
      if (message.kind == 'p') pass_by(1200);
    } else {
      if (!capture.stop()) give_up(*run.shared, "not all could be written");
      teller.say('q', 0);
      ::_exit(0);
    }
  }
  ::_exit(2);  // the player is gone
}

}  // namespace capture_test
