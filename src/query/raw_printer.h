#pragma once
// The child's bytes and nothing else: for one stream that is read from a line
// on without leaving any out, exactly what it wrote. Lines that were picked out
// each have their '\n': those of different lives are no one line.

#include <set>
#include <string>
#include <tuple>

#include "query/output.h"
#include "query/printer.h"
#include "query/source.h"

namespace query {

// Lines whose '\n' is not the child's, each the last of its stamp: see
// EventKind::LineEnded.
class LineEndings {
 public:
  void add(const store::Event& event);
  // Whether the last line of that stamp is one.
  bool contains(const Origin& origin, base::Timestamp line) const;

 private:
  using Key = std::tuple<int64_t, std::string, int, Kind>;
  std::set<Key> lines_;
};

class RawPrinter final : public Printer {
 public:
  // `endings` must know of the lines that were there before; those of later
  // lines are learnt from events.
  RawPrinter(Output& output, LineEndings endings)
      : output_(output), endings_(std::move(endings)) {}
  ~RawPrinter() override = default;

  void piece(const Origin& origin, const store::Piece& piece) override;
  bool event(const Origin& origin, const store::Event& event) override;
  void settle() override;
  bool wants_more() const override { return !output_.closed(); }

 private:
  void end_line(const Origin& next, const store::Piece& piece);

  Output& output_;
  LineEndings endings_;
  // The '\n' of the last line waits until it is known whose it is: only the
  // last line of its stamp can have one that was added.
  const Origin* last_ = nullptr;
  std::optional<base::Timestamp> last_time_;
  bool newline_waits_ = false;
};

// Of lines that were picked out, or turned round; each comes whole.
class RawLinePrinter final : public Printer {
 public:
  explicit RawLinePrinter(Output& output) : output_(output) {}

  void piece(const Origin& origin, const store::Piece& piece) override;
  bool event(const Origin&, const store::Event&) override { return false; }
  void settle() override { output_.flush(); }
  bool wants_more() const override { return !output_.closed(); }

 private:
  Output& output_;
};

// Reads the events of a plan for lines that the child left without '\n'.
LineEndings find_line_endings(const std::vector<Origin>& origins,
                              Problems& problems);

}  // namespace query
