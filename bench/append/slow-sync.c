// A slower disk for every contender alike: LD_PRELOAD this, and each fsync or fdatasync takes SYNC_DELAY_US microseconds
// longer, in whatever thread it is called. (strace could inject the same, but slows down every system call with it.)

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

static void delay(void) {
  const char *microseconds = getenv("SYNC_DELAY_US");
  if (microseconds) usleep((useconds_t)atoi(microseconds));
}

int fsync(int fd) {
  static int (*real)(int);
  if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  delay();
  return real(fd);
}

int fdatasync(int fd) {
  static int (*real)(int);
  if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  delay();
  return real(fd);
}
