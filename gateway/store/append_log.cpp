#include "gateway/store/append_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

namespace steelyard::store {
namespace {

auto bad(const std::string& path, const std::string& what) {
  return fail(ErrorKind::storage, ErrorSource::gateway, Retry::never, "`" + path + "`: " + what);
}

}  // namespace

AppendLog::~AppendLog() {
  if (fd_ >= 0) ::close(fd_);
}

AppendLog::AppendLog(AppendLog&& other) noexcept {
  *this = std::move(other);
}

AppendLog& AppendLog::operator=(AppendLog&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(files_, other.files_);
  std::swap(fd_, other.fd_);
  std::swap(size_, other.size_);
  std::swap(broken_, other.broken_);
  return *this;
}

Result<AppendLog> AppendLog::open(const std::string& path, FileOps& files,
                                  const std::function<void(std::string_view)>& each) {
  AppendLog log;
  log.path_ = path;
  log.files_ = &files;
  const bool fresh = !std::filesystem::exists(path);
  if (const std::string parent = std::filesystem::path(path).parent_path(); !parent.empty()) {
    std::error_code error;
    std::filesystem::create_directories(parent, error);
    if (error) return bad(path, error.message());
  }
  log.fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log.fd_ < 0) return bad(path, error_text(errno));
  if (fresh) {
    const std::string folder = std::filesystem::path(path).parent_path();
    const int error = files.sync_directory(folder.empty() ? "." : folder);
    if (error != 0) return bad(path, error_text(error));
  }
  std::ifstream in(path, std::ios::binary);
  std::ostringstream all;
  all << in.rdbuf();
  if (!in) return bad(path, "cannot be read");
  const std::string text = std::move(all).str();
  std::string_view rest = text;
  for (std::size_t end; (end = rest.find('\n')) != std::string_view::npos;) {
    each(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  log.size_ = text.size() - rest.size();
  if (!rest.empty()) {
    const int error = files.truncate(log.fd_, log.size_);
    if (error != 0) return bad(path, error_text(error));
  }
  return log;
}

Result<void> AppendLog::append(std::string_view line) {
  if (fd_ < 0) return {};
  if (broken_) return bad(path_, "cannot be written");
  std::string text(line);
  text += '\n';
  int error = files_->write_all(fd_, text);
  if (error != 0) {
    // Half a line would swallow the next one.
    broken_ = files_->truncate(fd_, size_) != 0;
    return bad(path_, error_text(error));
  }
  size_ += text.size();
  error = files_->sync_data(fd_);
  if (error == 0) return {};
  broken_ = true;  // the pages may be gone: nobody can say what is in the file
  return bad(path_, error_text(error));
}

}  // namespace steelyard::store
