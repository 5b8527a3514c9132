#pragma once
// Expected failure as a value. A call that may fail returns Result<T>; the
// caller returns the error onward (adding where it happened) or logs it, never
// both. Broken invariants are CHECKs, not errors. Nothing of ours throws.

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace base {

// What a caller can branch on. The words for people are in Error::message.
enum class Errc {
  Io,           // a system call failed; sys_errno says why
  NotFound,     // the thing named does not exist
  Exists,       // it exists already
  Invalid,      // what was asked or read makes no sense
  Unavailable,  // nobody answers (no daemon, closed connection)
  Timeout,      // not in time
  WouldBlock,   // nothing there now
  Denied,       // not yours
};

struct [[nodiscard]] Error {
  Errc code = Errc::Io;
  int sys_errno = 0;    // 0 when no system call is to blame
  std::string message;  // lower case, outermost first, no full stop
  std::string hint;     // what to do about it; may be empty

  // "seal" + "open api.log: No space left" = "seal: open api.log: No space..."
  Error with_context(std::string_view where) && {
    message = std::string(where) + ": " + message;
    return std::move(*this);
  }
  Error with_hint(std::string words) && {
    hint = std::move(words);
    return std::move(*this);
  }
};

template <class T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

inline std::unexpected<Error> fail(Errc code, std::string message,
                                   std::string hint = {}) {
  return std::unexpected(Error{code, 0, std::move(message), std::move(hint)});
}

inline std::unexpected<Error> fail(Error error) {
  return std::unexpected(std::move(error));
}

// Passes an error on with one more word of where.
template <class T>
std::unexpected<Error> pass(Result<T>&& result, std::string_view where) {
  return std::unexpected(std::move(result.error()).with_context(where));
}

}  // namespace base
