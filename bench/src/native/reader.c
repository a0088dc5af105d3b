// reader FILE SYNC_BYTES EXPECTED_BYTES [udp]: what the machine itself can do. Reads from any number
// of TCP connections on 127.0.0.1, or from one UDP socket, and throws the bytes away (FILE is "-"), or
// writes them to FILE with an fdatasync each SYNC_BYTES. Prints "port N", ends after EXPECTED_BYTES (over
// UDP also after a second of silence, since datagrams may be dropped) and prints its figures. They
// begin with the first byte: accepting connections is not in them.
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

enum { READ_BYTES = 1 << 18, BUFFER_BYTES = (1 << 20) + READ_BYTES, EVENTS = 256, SILENCE_MS = 1000, UDP_RECEIVE_BYTES = 8 << 20 };

static int file = -1, is_udp = 0;
static char *buffer;
static size_t filled = 0;
static uint64_t sync_bytes, unsynced = 0, total = 0, reads = 0;
static double started = 0, last = 0, cpu_before = 0;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

static double cpu(void) {
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  return used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void write_all(const char *bytes, size_t count) {
  while (count > 0) {
    ssize_t written = write(file, bytes, count);
    if (written < 0) fail("write");
    bytes += written;
    count -= written;
  }
}

// As many connections as the hard limit on descriptors allows.
static void raise_descriptors(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit)) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

static int open_socket(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t address_bytes = sizeof address;
  int receive_bytes = UDP_RECEIVE_BYTES;
  int opened = socket(AF_INET, (is_udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK, 0);
  if (is_udp) setsockopt(opened, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
  if (bind(opened, (void *)&address, sizeof address)) fail("bind");
  if (!is_udp && listen(opened, 4096)) fail("listen");
  getsockname(opened, (void *)&address, &address_bytes);
  printf("port %d\n", ntohs(address.sin_port));
  fflush(stdout);
  return opened;
}

// One read. False when there was nothing, or the other side has closed.
static int take(int from) {
  ssize_t got = read(from, buffer + filled, READ_BYTES);
  if (got < 0 && errno == EAGAIN) return 0;
  if (got <= 0) {
    if (!is_udp) close(from);
    return 0;
  }
  if (started == 0) started = now();
  total += got;
  reads++;
  if (file < 0) return 1;
  filled += got;
  if (unsynced + filled < sync_bytes && filled + READ_BYTES <= BUFFER_BYTES) return 1;
  write_all(buffer, filled);
  unsynced += filled;
  filled = 0;
  if (unsynced < sync_bytes) return 1;
  fdatasync(file);
  unsynced = 0;
  return 1;
}

static void accept_one(int listener, int poll) {
  struct epoll_event added = {.events = EPOLLIN, .data.fd = accept4(listener, 0, 0, SOCK_NONBLOCK)};
  if (added.data.fd < 0 && errno != EAGAIN) fail("accept");
  if (added.data.fd >= 0) epoll_ctl(poll, EPOLL_CTL_ADD, added.data.fd, &added);
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  is_udp = argc > 4 && !strcmp(argv[4], "udp");
  if (strcmp(argv[1], "-")) {
    file = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (file < 0) fail(argv[1]);
  }
  sync_bytes = strtoull(argv[2], 0, 10);
  uint64_t expected = strtoull(argv[3], 0, 10);
  buffer = malloc(BUFFER_BYTES);
  raise_descriptors();
  int input = open_socket();
  int poll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = input};
  epoll_ctl(poll, EPOLL_CTL_ADD, input, &event);
  while (total < expected) {
    struct epoll_event ready[EVENTS];
    int count = epoll_wait(poll, ready, EVENTS, is_udp && started > 0 ? SILENCE_MS : -1);
    if (count == 0) break;
    if (started == 0) cpu_before = cpu();
    for (int i = 0; i < count; i++) {
      if (ready[i].data.fd != input) take(ready[i].data.fd);
      else if (!is_udp) accept_one(input, poll);
      else
        while (total < expected && take(input)) continue;
    }
    if (is_udp) last = now();
  }
  if (file >= 0) {
    write_all(buffer, filled);
    fdatasync(file);
  }
  double seconds = (is_udp ? last : now()) - started;
  printf("{\"bytes\":%llu,\"reads\":%llu,\"seconds\":%.6f,\"cpuSeconds\":%.6f}\n",
         (unsigned long long)total, (unsigned long long)reads, seconds, cpu() - cpu_before);
  return 0;
}
