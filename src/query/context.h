#pragma once
// Lines around matches, by grep's rules: none twice, groups that touch are one,
// `--` where lines were left out between two, a match is never context. Counted
// for each instance, both streams together, in the order of the flow; or over
// the whole flow. Holds at most `before` lines of each instance. With neither
// `before` nor `after` it passes on the matches alone.

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "query/lines.h"
#include "query/printer.h"

namespace query {

struct ContextOptions {
  uint64_t before = 0;
  uint64_t after = 0;
  // -A, -B or -C was given, be it 0: groups are parted by `--`.
  bool parted = false;
  bool whole_flow = false;  // `--context-of all`
};

class Context final : public LineSink {
 public:
  Context(Printer& printer, ContextOptions options)
      : printer_(printer), options_(options) {}

  void line(const Origin& origin, const FoundLine& line) override;
  // May wait for the lines before it, which may yet be context: at the longest
  // until settle().
  void event(const Origin& origin, const store::Event& event) override;
  void settle() override;
  bool wants_more() const override { return printer_.wants_more(); }
  bool needs_others() const override {
    return options_.before > 0 || options_.after > 0 || options_.parted;
  }
  bool owes_context() const override { return owing_ > 0; }

 private:
  struct HeldLine {
    uint64_t place = 0;  // in the flow
    const Origin* origin = nullptr;
    std::optional<base::Timestamp> time;
    std::string text;
    bool ends = true;
  };
  struct HeldEvent {
    uint64_t place = 0;
    const Origin* origin = nullptr;
    store::Event event;
  };
  struct Group {
    std::deque<HeldLine> before;
    uint64_t owed = 0;      // lines of context after its last match
    bool left_out = false;  // since its last line that was shown
  };

  Group& group_of(const Origin& origin);
  void hold(Group& group, const Origin& origin, const FoundLine& line);
  void drop_oldest(Group& group);
  void begin_block(Group& group);
  void show_held_lines(Group& group);
  void show_events_before(uint64_t place);
  void show(const Origin& origin, const FoundLine& line);
  void set_owed(Group& group, uint64_t lines);

  Printer& printer_;
  ContextOptions options_;
  std::map<std::pair<std::string, int>, Group> groups_;
  const Origin* last_origin_ = nullptr;  // whose group is last_group_
  Group* last_group_ = nullptr;
  Group* shown_ = nullptr;  // whose line was shown last
  uint64_t place_ = 0;
  size_t owing_ = 0;  // groups that owe lines
  std::deque<HeldEvent> events_;
  std::vector<std::string> spare_;  // room of lines that were dropped
};

}  // namespace query
