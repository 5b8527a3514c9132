#include "notify/tls_post.h"

#include <dlfcn.h>

#include <cstdlib>

namespace notify {
namespace {

// libcurl's numbers, which its promise keeps the same for all of version 4.
constexpr int kUrl = 10002;
constexpr int kWriteData = 10001;
constexpr int kPostFields = 10015;
constexpr int kUserAgent = 10018;
constexpr int kHttpHeader = 10023;
constexpr int kCaFile = 10065;
constexpr int kWriteFunction = 20011;
constexpr int kPostFieldSize = 60;
constexpr int kNoSignal = 99;
constexpr int kTimeoutMs = 155;
constexpr int kProtocolsText = 10318;  // since 7.85; older ones refuse it
constexpr int kResponseCode = 0x200000 + 2;

constexpr long kLimitMs = 9000;

size_t swallow(char*, size_t size, size_t count, void*) {
  return size * count;
}

template <class Function>
Function find(void* library, const char* name) {
  return reinterpret_cast<Function>(::dlsym(library, name));
}

}  // namespace

base::Result<int> post_tls(const std::string& url, std::string_view body) {
  void* library = nullptr;
  for (const char* name : {"libcurl.so.4", "libcurl-gnutls.so.4"})
    if (library == nullptr) library = ::dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr)
    return base::fail(base::Errc::NotFound,
                      "https needs libcurl, which is not installed",
                      "on Debian and Ubuntu: apt install libcurl4");
  const auto init = find<void* (*)()>(library, "curl_easy_init");
  const auto setopt =
      find<int (*)(void*, int, ...)>(library, "curl_easy_setopt");
  const auto perform = find<int (*)(void*)>(library, "curl_easy_perform");
  const auto getinfo =
      find<int (*)(void*, int, ...)>(library, "curl_easy_getinfo");
  const auto words = find<const char* (*)(int)>(library, "curl_easy_strerror");
  const auto append =
      find<void* (*)(void*, const char*)>(library, "curl_slist_append");
  if (!init || !setopt || !perform || !getinfo || !words || !append)
    return base::fail(base::Errc::Invalid, "this libcurl is not one we know");
  void* const curl = init();
  if (curl == nullptr)
    return base::fail(base::Errc::Io, "libcurl does not begin");
  // The process ends after this: nothing is given back.
  void* const headers = append(nullptr, "Content-Type: application/json");
  setopt(curl, kUrl, url.c_str());
  setopt(curl, kProtocolsText, "https");
  setopt(curl, kPostFields, body.data());
  setopt(curl, kPostFieldSize, static_cast<long>(body.size()));
  setopt(curl, kHttpHeader, headers);
  setopt(curl, kUserAgent, "lodge/" LODGE_VERSION);
  setopt(curl, kNoSignal, 1L);
  setopt(curl, kTimeoutMs, kLimitMs);
  setopt(curl, kWriteFunction, swallow);
  setopt(curl, kWriteData, nullptr);
  // For an authority of one's own, as OpenSSL's programs take it.
  if (const char* file = ::getenv("SSL_CERT_FILE"); file != nullptr)
    setopt(curl, kCaFile, file);
  if (const int error = perform(curl); error != 0)
    return base::fail(base::Errc::Io, words(error));
  long status = 0;
  getinfo(curl, kResponseCode, &status);
  return static_cast<int>(status);
}

}  // namespace notify
