#include "gateway/telemetry/process_metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

namespace steelyard::telemetry {
namespace {

std::int64_t count_fds() {
  DIR* const folder = ::opendir("/proc/self/fd");
  if (folder == nullptr) return 0;
  std::int64_t count = -3;  // ".", ".." and the folder itself
  while (::readdir(folder) != nullptr) ++count;
  ::closedir(folder);
  return count;
}

// Seconds since the epoch at which the machine started, from /proc/stat.
std::int64_t boot_time() {
  std::ifstream file("/proc/stat");
  for (std::string word; file >> word;) {
    std::int64_t seconds = 0;
    if (word == "btime" && file >> seconds) return seconds;
  }
  return 0;
}

}  // namespace

ProcessFigures read_process_figures() {
  ProcessFigures out;
  out.open_fds = count_fds();
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0)
    out.max_fds = static_cast<std::int64_t>(limit.rlim_cur);

  std::ifstream file("/proc/self/stat");
  std::string text;
  std::getline(file, text);
  const std::size_t name_end = text.rfind(')');  // the name may hold blanks and brackets
  if (name_end == text.npos) return out;
  std::istringstream fields(text.substr(name_end + 1));
  std::string field;
  const std::int64_t ticks = ::sysconf(_SC_CLK_TCK), page = ::sysconf(_SC_PAGESIZE);
  std::int64_t started = 0;
  for (int number = 3; fields >> field; ++number) {  // as numbered in proc(5)
    const auto value = [&field] { return static_cast<std::int64_t>(std::stoull(field)); };
    if (number == 14 || number == 15) out.cpu_ms += value() * 1000 / ticks;
    if (number == 20) out.threads = value();
    if (number == 22) started = value();
    if (number == 23) out.virtual_bytes = value();
    if (number == 24) {
      out.resident_bytes = value() * page;
      break;
    }
  }
  if (const std::int64_t boot = boot_time(); boot != 0)
    out.start_time_ms = boot * 1000 + started * 1000 / ticks;
  return out;
}

}  // namespace steelyard::telemetry
