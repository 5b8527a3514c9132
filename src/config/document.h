#pragma once
// The text of a configuration file with its name: whoever finds a fault in it
// says so here, with the line and the place in it. Pure.

#include <string>
#include <string_view>

#include "base/result.h"
#include "config/value.h"

namespace config {

class Document {
 public:
  // `name` as the user wrote it, or "stdin".
  Document(std::string name, std::string text)
      : name_(std::move(name)), text_(std::move(text)) {}

  const std::string& name() const { return name_; }
  const std::string& text() const { return text_; }

  // "name:7: why", then the line and a caret under the place. Errc::Invalid.
  // Without a place: "name: why".
  std::unexpected<base::Error> fault(Place at, std::string_view why,
                                     std::string hint = {}) const;
  // The same without showing the line: it may hold a secret.
  std::unexpected<base::Error> quiet_fault(Place at, std::string_view why,
                                           std::string hint = {}) const;

  // Where a key most likely stands, of values that a program made: where it is
  // written, if that is one place alone.
  Place find_key(std::string_view key) const;

 private:
  std::string name_;
  std::string text_;
};

}  // namespace config
