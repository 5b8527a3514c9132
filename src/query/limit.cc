#include "query/limit.h"

namespace query {

void Limit::line(const Origin& origin, const FoundLine& line) {
  FoundLine passed = line;
  if (line.begins || !line.match) {
    if (done()) return;
    taking_ = line.match && left_ > 0;
    if (taking_) --left_;
  } else if (!taking_ && done()) {
    return;
  }
  passed.match = taking_;
  next_.line(origin, passed);
}

void Limit::event(const Origin& origin, const store::Event& event) {
  if (!done()) next_.event(origin, event);
}

}  // namespace query
