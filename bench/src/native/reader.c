// reader FILE SYNC_BYTES EXPECTED_BYTES: what the machine itself can do. Reads from any number of TCP
// connections on 127.0.0.1 and throws the bytes away (FILE is "-"), or writes them to FILE with an
// fdatasync each SYNC_BYTES. Prints "port N", ends after EXPECTED_BYTES and prints its figures.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER_BYTES = 1 << 20, READ_BYTES = 1 << 18, EVENTS = 256 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void write_all(int file, const char *bytes, size_t count) {
  while (count > 0) {
    ssize_t written = write(file, bytes, count);
    if (written < 0) fail("write");
    bytes += written;
    count -= written;
  }
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  int file = strcmp(argv[1], "-") ? open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0644) : -1;
  uint64_t sync_bytes = strtoull(argv[2], 0, 10), expected = strtoull(argv[3], 0, 10);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t address_bytes = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(listener, (void *)&address, sizeof address) || listen(listener, 1024)) fail("bind");
  getsockname(listener, (void *)&address, &address_bytes);
  printf("port %d\n", ntohs(address.sin_port));
  fflush(stdout);
  int poll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
  epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
  char *buffer = malloc(BUFFER_BYTES);
  size_t filled = 0;
  uint64_t total = 0, unsynced = 0;
  double started = 0;
  while (total < expected) {
    struct epoll_event ready[EVENTS];
    int count = epoll_wait(poll, ready, EVENTS, -1);
    for (int i = 0; i < count; i++) {
      if (ready[i].data.fd == listener) {
        struct epoll_event added = {.events = EPOLLIN, .data.fd = accept4(listener, 0, 0, SOCK_NONBLOCK)};
        epoll_ctl(poll, EPOLL_CTL_ADD, added.data.fd, &added);
        continue;
      }
      ssize_t got = read(ready[i].data.fd, buffer + filled, READ_BYTES);
      if (got < 0 && errno == EAGAIN) continue;
      if (got <= 0) {
        close(ready[i].data.fd);
        continue;
      }
      if (started == 0) started = now();
      total += got;
      if (file < 0) continue;
      filled += got;
      if (filled < BUFFER_BYTES - READ_BYTES) continue;
      write_all(file, buffer, filled);
      unsynced += filled;
      filled = 0;
      if (unsynced < sync_bytes) continue;
      fdatasync(file);
      unsynced = 0;
    }
  }
  if (file >= 0) {
    write_all(file, buffer, filled);
    fdatasync(file);
  }
  double seconds = now() - started;
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  double cpu = used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
  printf("{\"bytes\":%llu,\"seconds\":%.6f,\"cpuSeconds\":%.6f}\n", (unsigned long long)total, seconds, cpu);
  return 0;
}
