#pragma once
// `--cursor-file`: keeps where one has got to, so that the next run goes on
// there. Written when what was printed has been written out, in one rename.

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "query/printer.h"
#include "query/reading.h"

namespace query {

class Bookmark final : public Printer {
 public:
  // Goes on from where the reading begins.
  Bookmark(Printer& next, Reading& reading, std::string path)
      : next_(next),
        reading_(reading),
        path_(std::move(path)),
        at_(reading.after()) {
    for (const auto& source : reading.sources())
      if (const auto shown = reading.shown_of(*source))
        shown_of_[source.get()] = *shown;
  }

  // Nothing more is wanted when it says so; what was printed is noted first.
  void leave_when(std::function<bool()> leaves) { leaves_ = std::move(leaves); }

  void piece(const Origin& origin, const store::Piece& piece) override;
  bool event(const Origin& origin, const store::Event& event) override;
  void settle() override;
  bool wants_more() const override {
    return next_.wants_more() && !(leaves_ && leaves_());
  }
  void next_is_context() override;
  void gap() override { next_.gap(); }
  void widen(size_t label_width) override { next_.widen(label_width); }

 private:
  void move_to(const Source& source);

  Printer& next_;
  Reading& reading_;  // has the problem when it can't be written
  std::string path_;
  std::optional<Cursor> at_;
  std::map<const Source*, Cursor> shown_of_;  // the last line of each
  std::function<bool()> leaves_;
  bool shown_ = false;  // a line was
  bool moved_ = false;  // since it was written
  bool is_context_ = false;
};

}  // namespace query
