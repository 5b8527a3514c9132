#include "store/text_times.h"

namespace store {
namespace {

// Passes what `form` says, byte by byte: `d` is a digit.
bool take(std::string_view text, size_t& at, std::string_view form) {
  for (size_t i = 0; i < form.size(); ++i) {
    if (at + i >= text.size()) return false;
    const char c = text[at + i];
    if (form[i] == 'd' ? c < '0' || c > '9' : c != form[i]) return false;
  }
  at += form.size();
  return true;
}

}  // namespace

size_t text_time_size(std::string_view text) {
  size_t at = text.starts_with('[') ? 1 : 0;
  const bool bracket = at == 1;
  if (!take(text, at, "dddd-dd-dd") && !take(text, at, "dddd/dd/dd") &&
      !take(text, at, "dddd.dd.dd"))
    return 0;
  if (!take(text, at, "T") && !take(text, at, " ")) return 0;
  if (!take(text, at, "dd:dd")) return 0;
  if (take(text, at, ":dd") && (take(text, at, ".d") || take(text, at, ",d")))
    while (take(text, at, "d")) {
    }
  if (!take(text, at, "Z")) {
    size_t zone = at;
    (void)take(text, zone, " ");
    if ((take(text, zone, "+dd") || take(text, zone, "-dd")) &&
        (take(text, zone, ":dd") || take(text, zone, "dd")))
      at = zone;
  }
  if (bracket) (void)take(text, at, "]");
  return at;
}

}  // namespace store
