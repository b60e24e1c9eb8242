/* Makes one file operation of a process fail, be cut short, or be its last: loaded before the C library, it stands
 * between Node and the kernel. Only files below FAULT_DIR are touched by it.
 *
 *   FAULT_DIR    path prefix
 *   FAULT_CALL   write | sync | open | rename | link | unlink | truncate | mkdir
 *   FAULT_AT     which call of that kind, from 1
 *   FAULT_TIMES  as many calls in a row (default 1; 0: all from there on)
 *   FAULT_EVERY  every so many calls from FAULT_AT on, instead of FAULT_TIMES
 *   FAULT_ERRNO  number of the error; the call is not made
 *   FAULT_TORN   of a write, bytes that are written first (then the error, or the kill)
 *   FAULT_KILL   1: the process is killed before the call is made (after the torn part)
 *   FAULT_COUNT  file to which the number of calls of each kind is written at exit, then `failed` and `again`: syncs
 *                that failed, and syncs of a file whose sync had failed before
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { WRITE, SYNC, OPEN, RENAME, LINK, UNLINK, TRUNCATE, MKDIR, KINDS };
static const char *const names[KINDS] = {"write", "sync", "open", "rename", "link", "unlink", "truncate", "mkdir"};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long counts[KINDS];
static const char *dir, *call, *count_file;
static long at, times = 1, every, torn = -1;
static int error_number, kills;

/* Files whose sync has failed, by inode and time of birth (the number of a deleted file is given to another one), and
 * the descriptor that was told: like the kernel, this tells each of a file's descriptors once. */
static struct { ino_t inode; struct statx_timestamp birth; int fd; } failed_files[1024];
static int failed_syncs, syncs_again;

static long number(const char *name, long fallback) {
  const char *text = getenv(name);
  return text ? atol(text) : fallback;
}

__attribute__((constructor)) static void begin(void) {
  dir = getenv("FAULT_DIR");
  call = getenv("FAULT_CALL");
  count_file = getenv("FAULT_COUNT");
  at = number("FAULT_AT", 0);
  times = number("FAULT_TIMES", 1);
  every = number("FAULT_EVERY", 0);
  torn = number("FAULT_TORN", -1);
  error_number = (int)number("FAULT_ERRNO", EIO);
  kills = (int)number("FAULT_KILL", 0);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((destructor)) static void end(void) {
  if (!count_file) return;
  int fd = REAL(open)(count_file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  for (int kind = 0; kind < KINDS; kind++) dprintf(fd, "%s %ld\n", names[kind], counts[kind]);
  dprintf(fd, "failed %d\nagain %d\n", failed_syncs, syncs_again);
  close(fd);
}

static int is_ours(const char *path) { return dir && path && strncmp(path, dir, strlen(dir)) == 0; }

static int is_our_file(int fd) {
  char link[64], path[4096];
  if (!dir) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return is_ours(path);
}

/* Whether this call, one of ours, is to fail. */
static int is_hit(enum kind kind) {
  pthread_mutex_lock(&lock);
  long count = ++counts[kind];
  pthread_mutex_unlock(&lock);
  if (!call || at == 0 || strcmp(call, names[kind]) != 0 || count < at) return 0;
  if (every > 0) return (count - at) % every == 0;
  return times == 0 || count < at + times;
}

static int fail(void) {
  if (kills) kill(getpid(), SIGKILL);
  errno = error_number;
  return -1;
}

#define FAULT_PATH(kind, path) if (is_ours(path) && is_hit(kind)) return fail()
#define FAULT_FILE(kind, fd) if (is_our_file(fd) && is_hit(kind)) return fail()

ssize_t write(int fd, const void *bytes, size_t length) {
  if (is_our_file(fd) && is_hit(WRITE)) {
    if (torn < 0) return fail();
    size_t part = (size_t)torn < length ? (size_t)torn : length - 1;
    ssize_t written = part == 0 ? 0 : REAL(write)(fd, bytes, part);
    /* The kernel reports a write that stopped half-way as a short one; the next call has the error. */
    if (!kills && written > 0) {
      pthread_mutex_lock(&lock);
      at = counts[WRITE] + 1;
      torn = -1;
      pthread_mutex_unlock(&lock);
      return written;
    }
    return fail();
  }
  return REAL(write)(fd, bytes, length);
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
  FAULT_FILE(WRITE, fd);
  return REAL(writev)(fd, parts, count);
}

/* Whether a sync of this file is to fail; remembers those that did. */
static int is_failing_sync(int fd) {
  struct statx file;
  if (!is_our_file(fd) || statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &file) != 0) return 0;
  int hit = is_hit(SYNC);
  pthread_mutex_lock(&lock);
  int is_untold = 0, is_told = 0;
  for (int i = 0; i < failed_syncs && S_ISREG(file.stx_mode); i++) {
    if (failed_files[i].inode != file.stx_ino) continue;
    if (failed_files[i].birth.tv_sec != file.stx_btime.tv_sec) continue;
    if (failed_files[i].birth.tv_nsec != file.stx_btime.tv_nsec) continue;
    if (failed_files[i].fd == fd) is_told = 1;
    else is_untold = 1;
  }
  if (is_told) syncs_again++;
  else if (is_untold) hit = 1;
  if (hit && failed_syncs < 1024) {
    failed_files[failed_syncs].inode = file.stx_ino;
    failed_files[failed_syncs].birth = file.stx_btime;
    failed_files[failed_syncs++].fd = fd;
  }
  pthread_mutex_unlock(&lock);
  return hit;
}
int fsync(int fd) { return is_failing_sync(fd) ? fail() : REAL(fsync)(fd); }
int fdatasync(int fd) { return is_failing_sync(fd) ? fail() : REAL(fdatasync)(fd); }

int ftruncate(int fd, off_t size) { FAULT_FILE(TRUNCATE, fd); return REAL(ftruncate)(fd, size); }
int ftruncate64(int fd, off64_t size) { FAULT_FILE(TRUNCATE, fd); return REAL(ftruncate64)(fd, size); }
int rename(const char *from, const char *to) { FAULT_PATH(RENAME, to); return REAL(rename)(from, to); }
int link(const char *from, const char *to) { FAULT_PATH(LINK, to); return REAL(link)(from, to); }
int unlink(const char *path) { FAULT_PATH(UNLINK, path); return REAL(unlink)(path); }
int mkdir(const char *path, mode_t mode) { FAULT_PATH(MKDIR, path); return REAL(mkdir)(path, mode); }

#define OPEN_WITH(name)                                  \
  int name(const char *path, int flags, ...) {           \
    mode_t mode = 0;                                     \
    if (flags & (O_CREAT | O_TMPFILE)) {                 \
      va_list rest;                                      \
      va_start(rest, flags);                             \
      mode = va_arg(rest, mode_t);                       \
      va_end(rest);                                      \
    }                                                    \
    FAULT_PATH(OPEN, path);                              \
    return REAL(name)(path, flags, mode);                \
  }
OPEN_WITH(open)
OPEN_WITH(open64)
