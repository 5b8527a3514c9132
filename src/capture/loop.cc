#include "capture/loop.h"

#include <algorithm>
#include <new>
#include <utility>

#include "base/fs.h"
#include "base/log.h"

namespace capture {
namespace {

using base::Millis;
using base::MonoTime;

constexpr Millis kStopLimit{2000};
constexpr Millis kMemoryRetry{100};
constexpr Millis kTurn{10};
// While files that are awaited are still to be opened there is nobody to keep
// waiting: who is read again and again meanwhile keeps the others waiting.
constexpr Millis kFirstTurn{200};

// Pipes hold 1 MiB at most, and a read takes 256 KiB.
constexpr int kLastReads = 8;

}  // namespace

CaptureThread::Loop::Loop(Options options, Observer& observer)
    : clock_(options.clock),
      observer_(observer),
      memory_timer_(events_,
                    [this] {
                      if (!spool_->keep_spare()) return;
                      short_of_memory_ = false;
                      memory_timer_.stop();
                      for (const auto& [path, file] : files_) listen(*file);
                    }),
      sync_timer_(events_, [this] { sync(); }),
      hands_([this] { return run(); }) {
  sync_timer_.start(options.sync_every, options.sync_every);
}

CaptureThread::Loop::~Loop() {
  sources_.clear();
  files_.clear();
}

bool CaptureThread::Loop::stop() {
  events_.stop();
  const MonoTime deadline = clock_.mono() + kStopLimit;
  return hands_.stop(deadline) && !unwritten_;
}

// --- turns -------------------------------------------------------------------

bool CaptureThread::Loop::run() {
  take_over();
  if (!finishing_) {
    if (!turn()) return false;  // what was interrupted
    while (!events_.stopped()) {
      events_.run_once();
      if (!turn()) return false;
      const auto rest = pacer_.rest(clock_.mono());
      if (rest.count() > 0) events_.rest(rest);
    }
  }
  return finish();
}

// The foot of a turn: everything that blocks. False: the loop is another
// thread's by now.
bool CaptureThread::Loop::turn() {
  while (!ready_.empty()) {
    const auto found = sources_.find(ready_.front());
    ready_.pop_front();
    if (found == sources_.end()) continue;
    found->second.ready = false;
    if (!serve(found->second)) return false;
  }
  size_t awaited = std::exchange(awaited_, 0);
  const bool first = awaited > 0;
  const MonoTime until = clock_.mono() + (first ? kFirstTurn : kTurn);
  while (!due_.empty()) {
    // Hundreds of files to seal at once must not keep the pipes waiting.
    const bool served = first && awaited-- == 0;
    if (!finishing_ && (served || clock_.mono() >= until)) {
      events_.post([] {});  // another turn, as soon as events were looked at
      break;
    }
    File& file = *due_.front();
    due_.pop_front();
    file.due = false;
    if (!work(file)) return false;
    after(file);
  }
  return true;
}

// One read, one batch: a source that never stops does not starve the others.
bool CaptureThread::Loop::serve(Attached& attached) {
  Source& source = *attached.source;
  File& file = *attached.file;
  if (!source.pipe) return true;
  const size_t room = std::min(file.sink->room(source), Spool::kIntakeSize);
  if (room == 0 || !has_memory(attached)) {
    listen(file);
    return true;
  }
  auto bytes = intake_->read(source.pipe->fd(), source.index(), room);
  // Somebody else who reads the pipe may have been quicker.
  const bool none = !bytes && bytes.error().code == base::Errc::WouldBlock;
  if (!bytes || bytes->view.empty()) {
    advance_drain(attached, 0, true);
    // A terminal says EIO when nobody is left.
    if ((!bytes && !none) || source.pipe->at_end()) {
      source.pipe.reset();
      file.sink->end(source);
      set_due(file);
    }
    return true;
  }
  const size_t size = bytes->view.size();
  source.pipe->feel_pressure(size);
  pacer_.on_read(size, source.pipe->capacity(), size == room);
  source.take(*bytes, bench().stamper.next());
  file.sink->more(source);
  underway_.reading = &attached;
  underway_.bytes = size;
  if (!work(file)) return false;
  underway_.reading = nullptr;
  source.keep_rest();
  advance_drain(attached, size, false);
  after(file);
  return true;
}

// Whatever becomes of what is read can be kept. If not, children wait.
bool CaptureThread::Loop::has_memory(const Attached& attached) {
  if (short_of_memory_) return false;
  auto spare = spool_->keep_spare();
  if (spare) return true;
  short_of_memory_ = true;
  memory_timer_.start(kMemoryRetry, kMemoryRetry);
  observer_.on_trouble(
      attached.source->info(),
      std::move(spare.error()).with_context("nothing more is read"));
  return false;
}

bool CaptureThread::Loop::work(File& file) {
  Sink& sink = *file.sink;
  // While a disk hangs, whatever is on it is done elsewhere.
  if (!sink.busy() && hanging_.contains(sink.disk())) sink.set_slow();
  while (sink.prepare()) {
    const MonoTime began = clock_.mono();
    if (sink.slow() && sink.may_go_elsewhere()) {
      sink.set_elsewhere();
      hands_.submit(sink.disk(), [this, &file, began] {
        file.sink->file().perform();
        events_.post([this, &file, began] { performed(file, began); });
      });
      return true;
    }
    underway_.performing = &file;
    const bool ours =
        hands_.perform([&] { sink.file().perform(); },
                       [this, &file, began] {
                         events_.post([this, &file, began] {
                           hanging_.erase(hanging_.find(file.sink->disk()));
                           performed(file, began);
                         });
                       });
    if (!ours) return false;
    underway_.performing = nullptr;
    sink.settle(clock_.mono() - began);
  }
  return true;
}

// Another thread hangs in the operation that was under way: it is its own
// from now on, and what was read goes to the queue.
void CaptureThread::Loop::take_over() {
  if (underway_.performing == nullptr) return;
  File& file = *std::exchange(underway_.performing, nullptr);
  hanging_.insert(file.sink->disk());
  file.sink->set_slow();
  set_out();
  if (Attached* const reading = std::exchange(underway_.reading, nullptr)) {
    reading->source->keep_rest();
    advance_drain(*reading, underway_.bytes, false);
  }
  listen(file);
}

void CaptureThread::Loop::performed(File& file, MonoTime began) {
  const auto gone = std::ranges::find(
      leaving_, &file, [](const auto& leaving) { return leaving.get(); });
  if (gone != leaving_.end()) {
    bench().spool.remove_sink(file.sink->entry_index());
    std::erase(due_, &file);
    leaving_.erase(gone);
    return;
  }
  file.sink->settle(clock_.mono() - began);
  set_due(file);
  for (auto& source : std::exchange(file.to_add, {})) add(std::move(source));
}

// Who may be read now, who has ended, whether it is needed any longer.
void CaptureThread::Loop::after(File& file) {
  for (size_t i = 0; i < file.sources.size();) {
    Attached& attached = *file.sources[i];
    finish_drain_if_written(attached);
    if (attached.source->pipe || !file.sink->is_done(*attached.source)) {
      ++i;
      continue;
    }
    release(attached);
  }
  listen(file);
  close_if_idle(file);
}

void CaptureThread::Loop::listen(File& file) {
  for (Attached* const attached : file.sources)
    if (attached->source->pipe)
      attached->source->pipe->listen(!short_of_memory_ &&
                                     file.sink->room(*attached->source) > 0);
}

void CaptureThread::Loop::close_if_idle(File& file) {
  if (!file.sources.empty() || !file.sink->idle()) return;
  if (file.due) std::erase(due_, &file);
  leave_unsynced(file);
  file.sink->remember();
  bench().spool.remove_sink(file.sink->entry_index());
  files_.erase(std::string(file.sink->path()));
}

void CaptureThread::Loop::set_due(File& file) {
  if (std::exchange(file.due, true)) return;
  due_.push_back(&file);
}

void CaptureThread::Loop::set_ready(Attached& attached) {
  if (std::exchange(attached.ready, true)) return;
  ready_.push_back(attached.source->index());
}

// What apps wrote last may still be in their pipes. Whatever can't be written
// now stays in the spool.
bool CaptureThread::Loop::finish() {
  if (!std::exchange(finishing_, true)) {
    for (int reads = 0; reads < kLastReads; ++reads)
      for (auto& [index, attached] : sources_)
        if (attached.source->pipe && attached.source->pipe->waiting() > 0)
          set_ready(attached);
    for (auto& [index, attached] : sources_)
      if (attached.drain) finish_drain(attached);
  }
  for (int reads = 0; reads < kLastReads; ++reads) {
    if (!turn()) return false;
    for (auto& [index, attached] : sources_)
      if (attached.source->pipe && attached.source->pipe->waiting() > 0)
        set_ready(attached);
  }
  ready_.clear();
  for (auto& [path, file] : files_) {
    file->sink->finish();
    set_due(*file);
  }
  if (!turn()) return false;
  for (auto& [path, file] : files_) {
    file->sink->abandon();
    if (file->sink->unwritten() == 0 && !file->sink->busy()) continue;
    unwritten_ = true;
    base::log::error("capture: {}: {} bytes are not written yet", path,
                     file->sink->unwritten());
  }
  if (spool_ && (spool_->has_unfinished() || (!adopted_ && intake_->left())))
    unwritten_ = true;
  sync();  // nobody comes back for it
  return true;
}

// --- what is asked for -------------------------------------------------------

Sink::Bench& CaptureThread::Loop::bench() {
  if (!bench_) {
    auto spool = Spool::create("");
    if (!spool) throw std::bad_alloc();
    use(std::move(*spool));
  }
  return *bench_;
}

void CaptureThread::Loop::set_out() {
  if (bench_->out) return;
  auto extent = spool_->allocate(Sink::kOutSize);
  if (!extent) throw std::bad_alloc();
  bench_->out = *extent;
}

base::Result<CaptureThread::Loop::File*> CaptureThread::Loop::file_for(
    const SinkSpec& spec) {
  if (const auto found = files_.find(spec.path); found != files_.end()) {
    File& known = *found->second;
    if (!honours(known, spec) && !known.sink->busy())
      if (auto made = remake(known, spec); !made)
        return base::fail(std::move(made.error()));
    return &known;
  }
  Spool& spool = bench().spool;
  auto entry = spool.find_sink(spec.path);
  if (!entry) {
    auto added = spool.add_sink(spec.path);
    if (!added) return base::fail(std::move(added.error()));
    entry = *added;
  }
  auto file = std::make_unique<File>();
  auto sink = Sink::make(bench(), spec, *entry,
                         [this, file = file.get()] { set_due(*file); });
  if (!sink) return base::fail(std::move(sink.error()).with_context(spec.path));
  file->sink = std::move(*sink);
  set_due(*file);
  return (files_[spec.path] = std::move(file)).get();
}

// A file that nobody writes may have been opened for other reasons, by who knew
// less of how it is to be written.
bool CaptureThread::Loop::honours(const File& file, const SinkSpec& spec) {
  return !file.sources.empty() || file.sink->options() == spec.options;
}

base::Status CaptureThread::Loop::remake(File& file, const SinkSpec& spec) {
  auto sink = Sink::make(bench(), spec, file.sink->entry_index(),
                         [this, file = &file] { set_due(*file); });
  if (!sink) return base::fail(std::move(sink.error()).with_context(spec.path));
  // What it could not write yet is in the spool, and the other's from now on.
  file.sink->abandon();
  leave_unsynced(file);
  file.sink = std::move(*sink);
  return {};
}

void CaptureThread::Loop::add(Adopted source) {
  const auto found = files_.find(source.sink.path);
  if (found != files_.end() && found->second->sink->busy() &&
      !honours(*found->second, source.sink))
    found->second->to_add.push_back(std::move(source));
  else
    (void)attach(std::move(source), false);
}

CaptureThread::Loop::Attached* CaptureThread::Loop::attach(Adopted from,
                                                           bool adopted) {
  if (by_id_.contains(from.info.id)) {
    base::log::error("capture: source {} attached twice", from.info.id);
    return nullptr;
  }
  const auto opened = file_for(from.sink);
  if (!opened) {
    base::log::error("capture: {}", opened.error().message);
    return nullptr;
  }
  File* const file = *opened;
  Spool& spool = bench().spool;
  std::optional<uint32_t> index;
  if (adopted) index = spool.find_source(key_of(from.info));
  if (index && (spool.source(*index).sink != file->sink->entry_index() ||
                sources_.contains(*index)))
    index.reset();
  if (!index) {
    auto added = spool.add_source(from.info, file->sink->entry_index());
    if (!added) {
      base::log::error("capture: {}", added.error().message);
      return nullptr;
    }
    index = *added;
  }
  auto source = std::make_unique<Source>(spool, *index, from.info.id);
  source->pipe = std::make_unique<PipeReader>(
      events_, budget_, std::move(from.info), std::move(from.pipe),
      [this, index = *index] { set_ready(sources_.at(index)); });
  return &enter(std::move(source), *file, adopted);
}

CaptureThread::Loop::Attached& CaptureThread::Loop::enter(
    std::unique_ptr<Source> source, File& file, bool adopted) {
  const uint32_t index = source->index();
  if (source->id() != 0) by_id_[source->id()] = index;
  Attached& attached = sources_[index];
  attached.source = std::move(source);
  attached.file = &file;
  file.sources.push_back(&attached);
  file.sink->attach(*attached.source, adopted);
  set_due(file);
  return attached;
}

void CaptureThread::Loop::release(Attached& attached) {
  Source& source = *attached.source;
  const uint64_t id = source.id();
  const uint32_t index = source.index();
  if (attached.drain) finish_drain(attached);
  attached.file->sink->detach(source);
  std::erase(attached.file->sources, &attached);
  source.pipe.reset();
  source.release();
  by_id_.erase(id);
  sources_.erase(index);
  if (id != 0) observer_.on_source_ended(id);
}

}  // namespace capture
