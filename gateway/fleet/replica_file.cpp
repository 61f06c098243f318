#include "gateway/fleet/replica_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "gateway/sys/random.h"

namespace steelyard::fleet {
namespace {

auto bad(const std::string& path, const std::string& what) {
  return fail(ErrorKind::storage, ErrorSource::gateway, Retry::never, "`" + path + "`: " + what);
}

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

// "0123456789abcdef 12\n", or " known\n" at its end.
std::string text_of(const ReplicaIdentity& identity) {
  return identity.id + " " + std::to_string(identity.generation) +
         (identity.known ? " known\n" : "\n");
}

bool parse(std::string_view text, ReplicaIdentity& out) {
  if (text.size() < 19 || text[16] != ' ' || text.back() != '\n') return false;
  out.known = text.ends_with(" known\n");
  if (out.known) text.remove_suffix(6);
  out.id = text.substr(0, 16);
  if (out.id.find_first_not_of("0123456789abcdef") != std::string::npos) return false;
  const auto [end, error] =
      std::from_chars(text.data() + 17, text.data() + text.size() - 1, out.generation);
  return error == std::errc() && end == text.data() + text.size() - 1 && out.generation > 0;
}

// Whole or not there: what was granted under an id that is lost can never be given back.
bool replace(const std::string& directory, const std::string& path, const std::string& text) {
  const std::string fresh = path + ".new";
  const Descriptor file{::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
  if (file.fd < 0 ||
      ::write(file.fd, text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      ::fsync(file.fd) != 0 || ::rename(fresh.c_str(), path.c_str()) != 0)
    return false;
  const Descriptor folder{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  return folder.fd >= 0 && ::fsync(folder.fd) == 0;
}

}  // namespace

std::string new_id() {
  return fmt::format("{:016x}", sys::Random::from_kernel().next());
}

Result<ReplicaIdentity> replica_identity(const std::string& directory) {
  const std::string path = directory + "/fleet-replica";
  ReplicaIdentity out;
  const Descriptor old{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (old.fd < 0 && errno != ENOENT) return bad(path, std::strerror(errno));
  if (old.fd >= 0) {
    char bytes[64];
    const ssize_t size = ::read(old.fd, bytes, sizeof bytes);
    if (size < 0 || !parse({bytes, static_cast<std::size_t>(size)}, out))
      return bad(path, "does not say which replica this is");
    ++out.generation;
  } else {
    out.id = new_id();
  }
  if (!replace(directory, path, text_of(out))) return bad(path, std::strerror(errno));
  return out;
}

Result<void> note_known(const std::string& directory, const ReplicaIdentity& identity) {
  ReplicaIdentity known = identity;
  known.known = true;
  const std::string path = directory + "/fleet-replica";
  if (!replace(directory, path, text_of(known))) return bad(path, std::strerror(errno));
  return {};
}

std::string default_replica_name(const std::string& id) {
  char host[256] = "";
  (void)::gethostname(host, sizeof host - 1);
  std::string out;
  for (const char c : std::string(host).substr(0, 40)) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.';
    out += plain ? c : '-';
  }
  return (out.empty() || out[0] == '-' || out[0] == '.' ? "replica" + out : out) + "-" +
         id.substr(0, 8);
}

}  // namespace steelyard::fleet
