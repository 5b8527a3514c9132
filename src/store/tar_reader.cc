#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "store/tar.h"
#include "store/tar_header.h"

namespace store {
namespace {

using base::Errc;

// What a pax record may take; a name is no longer.
constexpr uint64_t kMostRecord = 64 << 10;
constexpr size_t kLongestName = 1024;
constexpr uint64_t kMostSize = uint64_t{1} << 62;

std::unexpected<base::Error> bad(std::string_view why) {
  return base::fail(Errc::Invalid, fmt::format("tar: {}", why));
}

// Up to a NUL, which a full field has not.
template <size_t N>
std::string_view text_of(const char (&field)[N]) {
  return {field, ::strnlen(field, N)};
}

std::optional<uint64_t> number_of(std::span<const char> field) {
  const auto first = static_cast<unsigned char>(field[0]);
  uint64_t value = 0;
  if ((first & 0x80) != 0) {
    value = first & 0x7f;
    for (const char c : field.subspan(1)) {
      if (value > UINT64_MAX >> 8) return std::nullopt;
      value = value << 8 | static_cast<unsigned char>(c);
    }
    return value;
  }
  std::string_view text(field.data(), ::strnlen(field.data(), field.size()));
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  if (text.empty()) return 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value, 8);
  if (error != std::errc{} || at != end) return std::nullopt;
  return value;
}

bool is_zero(const TarHeader& header) {
  const auto* bytes = reinterpret_cast<const char*>(&header);
  return std::all_of(bytes, bytes + sizeof header,
                     [](char c) { return c == 0; });
}

// "17 path=some/name\n", one after the other. False: they are none.
template <class Visit>
bool for_each_record(std::string_view text, Visit visit) {
  while (!text.empty()) {
    size_t length = 0;
    const auto [at, error] =
        std::from_chars(text.data(), text.data() + text.size(), length);
    const auto digits = static_cast<size_t>(at - text.data());
    if (error != std::errc{} || length > text.size() || length < digits + 3 ||
        text[digits] != ' ' || text[length - 1] != '\n')
      return false;
    const auto record = text.substr(digits + 1, length - digits - 2);
    const auto equals = record.find('=');
    if (equals == record.npos) return false;
    visit(record.substr(0, equals), record.substr(equals + 1));
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace

base::Result<std::string> safe_member_name(std::string_view name) {
  const auto refuse = [&](std::string_view why) {
    return bad(fmt::format("refused: '{}' {}", name, why));
  };
  if (name.starts_with('/')) return refuse("is absolute");
  if (name.size() > kLongestName) return bad("refused: a name without end");
  if (name.find('\0') != name.npos) return bad("refused: NUL in a name");
  std::string safe;
  while (!name.empty()) {
    const auto end = std::min(name.find('/'), name.size());
    const auto part = name.substr(0, end);
    name.remove_prefix(std::min(end + 1, name.size()));
    if (part.empty() || part == ".") continue;
    if (part == "..") return bad("refused: a name leads out by '..'");
    if (!safe.empty()) safe += '/';
    safe.append(part);
  }
  return safe;
}

// Bytes to the end of the block; false when there are none.
base::Result<bool> TarReader::fill(std::span<char> block) {
  for (size_t have = 0; have < block.size();) {
    auto n = source_(block.subspan(have));
    if (!n) return base::fail(std::move(n.error()));
    if (*n == 0 && have == 0) return false;
    if (*n == 0) return bad("cut off");
    have += *n;
  }
  return true;
}

base::Status TarReader::skip() {
  char chunk[16384];
  for (uint64_t left = left_ + padding_; left > 0;) {
    const auto size =
        static_cast<size_t>(std::min<uint64_t>(left, sizeof chunk));
    auto filled = fill({chunk, size});
    if (!filled) return base::fail(std::move(filled.error()));
    if (!*filled) return bad("cut off");
    left -= size;
  }
  left_ = padding_ = 0;
  return {};
}

base::Result<std::string> TarReader::read_record(uint64_t size) {
  if (size > kMostRecord) return bad("a record without end");
  std::string text(size, '\0');
  if (size > 0) {
    auto filled = fill(text);
    if (!filled) return base::fail(std::move(filled.error()));
    if (!*filled) return bad("cut off");
  }
  left_ = 0;
  return text;
}

base::Result<std::optional<TarMember>> TarReader::next() {
  Said said;
  for (;;) {
    if (auto skipped = skip(); !skipped)
      return base::fail(std::move(skipped.error()));
    TarHeader header{};
    auto filled = fill({reinterpret_cast<char*>(&header), sizeof header});
    if (!filled) return base::fail(std::move(filled.error()));
    if (!*filled) return bad(begun_ ? "cut off" : "empty");
    if (is_zero(header)) return std::nullopt;
    if (number_of(header.checksum) != tar_checksum(header))
      return bad(begun_ ? "damaged" : "not a tar file");
    begun_ = true;
    const auto size = number_of(header.size);
    if (!size || *size > kMostSize) return bad("damaged: a size is no number");
    left_ = *size;
    padding_ = tar_padding(*size);
    if (header.type == 'x' || header.type == 'g') {
      auto text = read_record(*size);
      if (!text) return base::fail(std::move(text.error()));
      bool good = true;
      const bool told =
          for_each_record(*text, [&](std::string_view key, std::string_view v) {
            if (key == "path") said.name = std::string(v);
            if (key != "size") return;
            uint64_t number = 0;
            const char* end = v.data() + v.size();
            const auto [at, error] = std::from_chars(v.data(), end, number);
            good = good && error == std::errc{} && at == end;
            said.size = number;
          });
      if (!told || !good) return bad("damaged: a record can't be read");
      continue;
    }
    std::string name(text_of(header.name));
    // GNU tar's own form has other things there.
    if (std::string_view(header.magic, 6) == kTarMagic &&
        header.prefix[0] != '\0')
      name = std::string(text_of(header.prefix)) + "/" + name;
    if (said.name) name = *said.name;
    TarMember member;
    member.is_dir = header.type == '5' ||
                    (header.type == '\0' && !said.name && name.ends_with('/'));
    if (!member.is_dir && header.type != '0' && header.type != '\0')
      return bad(fmt::format("refused: '{}' is no file (type '{}')", name,
                             header.type));
    auto safe = safe_member_name(name);
    if (!safe) return base::fail(std::move(safe.error()));
    member.name = std::move(*safe);
    if (said.size && *said.size > kMostSize) return bad("damaged: a size");
    member.size = said.size.value_or(*size);
    left_ = member.size;
    padding_ = tar_padding(member.size);
    if (member.is_dir && member.size > 0) return bad("damaged: a directory");
    if (!member.is_dir && member.name.empty()) return bad("a file has no name");
    return member;
  }
}

base::Result<size_t> TarReader::read(std::span<char> into) {
  if (left_ == 0) return size_t{0};
  auto n = source_(
      into.first(static_cast<size_t>(std::min<uint64_t>(left_, into.size()))));
  if (!n) return base::fail(std::move(n.error()));
  if (*n == 0) return bad("cut off");
  left_ -= *n;
  return *n;
}

}  // namespace store
