#include "query/hyperscan.h"

#include <dlfcn.h>

#include "query/literal_search.h"

namespace query {
namespace {

// From its hs.h: the few things we need of it, so that nothing is needed to
// build. All of these are part of its ABI since Hyperscan 4.
constexpr unsigned kMultiline = 4;
constexpr unsigned kAllowEmpty = 16;
constexpr unsigned kPrefilter = 128;
constexpr unsigned kBlockMode = 1;
constexpr int kSuccess = 0;
// A program that is compiled for longer than its scan takes is none for us.
constexpr size_t kLongestExpression = 1000;

// Bytes are what it knows: a character of more than one, repeated, is another
// pattern to it, and folds and classes of Unicode have no ASCII letters in it.
bool is_of_bytes(std::string_view expression) {
  return find_high_byte(expression, 0) == expression.npos &&
         expression.find("\\p") == expression.npos &&
         expression.find("\\P") == expression.npos &&
         expression.find("\\x{") == expression.npos;
}

}  // namespace

struct Hyperscan::Library {
  using OnMatch = int(unsigned id, unsigned long long from,
                      unsigned long long to, unsigned flags, void* context);
  int (*compile)(const char*, unsigned, unsigned, const void*, void**,
                 void**) = nullptr;
  int (*free_error)(void*) = nullptr;
  int (*free_database)(void*) = nullptr;
  int (*alloc_scratch)(const void*, void**) = nullptr;
  int (*free_scratch)(void*) = nullptr;
  int (*scan)(const void*, const char*, unsigned, unsigned, void*, OnMatch*,
              void*) = nullptr;

  // Whether it finds what some are known to miss: a byte far into the text that
  // another stands before.
  bool finds(const char* pattern) const {
    void* database = nullptr;
    void* error = nullptr;
    void* scratch = nullptr;
    if (compile(pattern, kMultiline | kAllowEmpty | kPrefilter, kBlockMode,
                nullptr, &database, &error) != kSuccess) {
      free_error(error);
      return false;
    }
    const auto on_match = [](unsigned, unsigned long long, unsigned long long,
                             unsigned, void* context) {
      *static_cast<bool*>(context) = true;
      return 0;
    };
    bool found = alloc_scratch(database, &scratch) == kSuccess;
    for (const size_t size : {1, 15, 16, 31, 63, 64, 65, 127, 200, 300}) {
      const std::string text = std::string(size, 'a') + "5 b\n";
      bool here = false;
      if (found)
        (void)scan(database, text.data(), static_cast<unsigned>(text.size()), 0,
                   scratch, on_match, &here);
      found = found && here;
    }
    free_scratch(scratch);
    free_database(database);
    return found;
  }
  bool is_sound() const {
    return finds(".5") && finds("[a-z]5") && finds("5.") && finds("5 [a-z]");
  }

  // Stays loaded: threads may still be in it when the last user goes.
  static const Library* load() {
    static const Library library = [] {
      Library made;
      void* handle = ::dlopen("libhs.so.5", RTLD_NOW | RTLD_LOCAL);
      if (handle == nullptr) return made;
      const auto find = [&](auto& function, const char* name) {
        function =
            reinterpret_cast<std::remove_reference_t<decltype(function)>>(
                ::dlsym(handle, name));
        return function != nullptr;
      };
      if (!find(made.compile, "hs_compile") ||
          !find(made.free_error, "hs_free_compile_error") ||
          !find(made.free_database, "hs_free_database") ||
          !find(made.alloc_scratch, "hs_alloc_scratch") ||
          !find(made.free_scratch, "hs_free_scratch") ||
          !find(made.scan, "hs_scan") || !made.is_sound())
        made.scan = nullptr;
      return made;
    }();
    return library.scan == nullptr ? nullptr : &library;
  }
};

std::unique_ptr<Hyperscan> Hyperscan::compile(const std::string& expression) {
  if (expression.size() > kLongestExpression ||
      expression.find('\0') != std::string::npos || !is_of_bytes(expression))
    return nullptr;
  const Library* library = Library::load();
  if (library == nullptr) return nullptr;
  void* database = nullptr;
  void* error = nullptr;
  if (library->compile(expression.c_str(),
                       kMultiline | kAllowEmpty | kPrefilter, kBlockMode,
                       nullptr, &database, &error) != kSuccess) {
    library->free_error(error);
    return nullptr;
  }
  void* scratch = nullptr;
  if (library->alloc_scratch(database, &scratch) != kSuccess) {
    library->free_database(database);
    return nullptr;
  }
  return std::unique_ptr<Hyperscan>(new Hyperscan(*library, database, scratch));
}

Hyperscan::~Hyperscan() {
  library_.free_scratch(scratch_);
  library_.free_database(database_);
}

bool Hyperscan::scan(std::string_view text,
                     const std::function<bool(size_t)>& on_end) {
  struct Call {
    const std::function<bool(size_t)>& on_end;
  } call{on_end};
  const auto on_match = [](unsigned, unsigned long long, unsigned long long to,
                           unsigned, void* context) {
    return static_cast<Call*>(context)->on_end(static_cast<size_t>(to)) ? 0 : 1;
  };
  return library_.scan(database_, text.data(),
                       static_cast<unsigned>(text.size()), 0, scratch_,
                       on_match, &call) == kSuccess;
}

}  // namespace query
