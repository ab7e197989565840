/*
 * Load for a lookup server: sends prepared OLD/1 datagrams over UDP, and times their replies.
 *
 *   load REQUESTS LENGTH SECONDS WARMUP WINDOW RATE ONCE HOST:PORT [HOST:PORT...]
 *
 * REQUESTS holds datagrams of LENGTH octets each; the lower half of a transaction id is the number of its datagram. WINDOW
 * requests are under way at once, spread over the servers. RATE above 0 sends so many a second, replies or not (WINDOW
 * bounds them still). With ONCE 1 no datagram is sent twice. The result is a line of JSON; times are in microseconds.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SOCKETS_PER_SERVER = 4, SOCKETS_MAX = 64, BATCH = 32, REPLY_LENGTH = 1280, SAMPLES_MAX = 1 << 24 };
static const uint64_t LOST_AFTER_NS = 1000000000ull;

struct flow {
  int fd;
  uint32_t under_way;
  uint64_t last_reply_ns;
};

static struct flow flows[SOCKETS_MAX];
static uint32_t samples_us[SAMPLES_MAX];

static uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

static void fail(const char *what) {
  fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
  exit(1);
}

static int connect_to(const char *endpoint) {
  char host[64];
  const char *colon = strrchr(endpoint, ':');
  struct sockaddr_in address = {.sin_family = AF_INET};
  int length = 4 << 20;
  int fd;
  if (colon == NULL || (size_t)(colon - endpoint) >= sizeof host) fail(endpoint);
  memcpy(host, endpoint, (size_t)(colon - endpoint));
  host[colon - endpoint] = 0;
  address.sin_port = htons((uint16_t)atoi(colon + 1));
  if (inet_pton(AF_INET, host, &address.sin_addr) != 1) fail(endpoint);
  fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) fail(endpoint);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &length, sizeof length);
  return fd;
}

static int compare(const void *a, const void *b) {
  const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

static double cpu_seconds(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* A reply that says that something was done or found: no code in the header, and the first record's outcome is OK. */
static int is_good(const uint8_t *reply, unsigned length) {
  if (length < 40 || reply[7] != 0 || reply[6] == 0) return 0;
  if (reply[3] == 2) return reply[36 + 42] == 0;
  if (reply[3] == 4) return reply[36 + 8] == 0;
  return 0;
}

int main(int argc, char **argv) {
  if (argc < 9) {
    fprintf(stderr, "usage: load REQUESTS LENGTH SECONDS WARMUP WINDOW RATE ONCE HOST:PORT...\n");
    return 2;
  }
  const unsigned length = (unsigned)atoi(argv[2]);
  const double seconds = atof(argv[3]), warm_up = atof(argv[4]), rate = atof(argv[6]);
  const unsigned window = (unsigned)atoi(argv[5]);
  const int once = atoi(argv[7]);
  const int file = open(argv[1], O_RDONLY);
  struct stat about;
  if (file < 0 || fstat(file, &about) != 0) fail(argv[1]);
  uint8_t *requests = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
  if (requests == MAP_FAILED) fail("mmap");
  const uint32_t count = (uint32_t)(about.st_size / length);
  uint64_t *sent_ns = calloc(count, sizeof *sent_ns);
  unsigned n = 0;
  for (int i = 8; i < argc; i++) {
    for (int j = 0; j < SOCKETS_PER_SERVER && n < SOCKETS_MAX; j++) flows[n++].fd = connect_to(argv[i]);
  }
  const unsigned window_each = (window + n - 1) / n;
  static uint8_t buffers[BATCH][REPLY_LENGTH];
  struct mmsghdr out[BATCH], in[BATCH];
  struct iovec out_vectors[BATCH], in_vectors[BATCH];
  memset(out, 0, sizeof out);
  memset(in, 0, sizeof in);
  for (int i = 0; i < BATCH; i++) {
    in_vectors[i] = (struct iovec){buffers[i], REPLY_LENGTH};
    in[i].msg_hdr.msg_iov = &in_vectors[i];
    in[i].msg_hdr.msg_iovlen = out[i].msg_hdr.msg_iovlen = 1;
    out[i].msg_hdr.msg_iov = &out_vectors[i];
  }

  uint64_t sent = 0, received = 0, failed = 0, lost = 0, sampled = 0;
  uint32_t next = 0;
  const uint64_t began = now_ns(), counts_from = began + (uint64_t)(warm_up * 1e9);
  const uint64_t until = counts_from + (uint64_t)(seconds * 1e9);
  double cpu_before = 0;
  int is_counting = 0, is_exhausted = 0;
  uint64_t counting_ns = counts_from, last_ns = counts_from, allowed = 0;
  for (unsigned i = 0; i < n; i++) flows[i].last_reply_ns = began;
  for (;;) {
    uint64_t now = now_ns();
    if (!is_counting && now >= counts_from) {
      is_counting = 1;
      counting_ns = now;
      cpu_before = cpu_seconds();
      sent = received = failed = lost = 0;
    }
    uint64_t under_way = 0;
    for (unsigned i = 0; i < n; i++) under_way += flows[i].under_way;
    if (now >= until || (is_exhausted && under_way == 0)) break;
    if (rate > 0) allowed = (uint64_t)((double)(now - began) / 1e9 * rate);
    int did = 0;
    static uint64_t total;
    for (unsigned i = 0; i < n; i++) {
      struct flow *flow = &flows[i];
      const int got = recvmmsg(flow->fd, in, BATCH, MSG_DONTWAIT, NULL);
      if (got > 0) {
        now = now_ns();
        did = 1;
        flow->last_reply_ns = now;
        for (int j = 0; j < got; j++) {
          const uint8_t *reply = buffers[j];
          if (in[j].msg_len < 24) continue;
          const uint32_t id = (uint32_t)reply[12] << 24 | (uint32_t)reply[13] << 16 | (uint32_t)reply[14] << 8 | reply[15];
          if (id >= count || sent_ns[id] == 0) continue;
          if (is_counting && sent_ns[id] >= counting_ns) {
            if (sampled < SAMPLES_MAX) samples_us[sampled++] = (uint32_t)((now - sent_ns[id]) / 1000);
            received++;
            last_ns = now;
            if (!is_good(reply, in[j].msg_len)) failed++;
          }
          sent_ns[id] = 0;
          if (flow->under_way > 0) flow->under_way--;
        }
      } else if (flow->under_way > 0 && now - flow->last_reply_ns > LOST_AFTER_NS) {
        lost += flow->under_way;
        flow->under_way = 0;
      }
      int room = (int)window_each - (int)flow->under_way;
      if (room > BATCH) room = BATCH;
      if (rate > 0 && room > (int)(allowed - total)) room = allowed > total ? (int)(allowed - total) : 0;
      int filled = 0;
      uint32_t ids[BATCH];
      while (filled < room && !is_exhausted) {
        if (once && next == count) {
          is_exhausted = 1;
          break;
        }
        ids[filled] = next;
        out_vectors[filled] = (struct iovec){requests + (size_t)next * length, length};
        filled++;
        next = next + 1 == count && !once ? 0 : next + 1;
      }
      if (filled == 0) continue;
      now = now_ns();
      if (flow->under_way == 0) flow->last_reply_ns = now;
      const int went = sendmmsg(flow->fd, out, (unsigned)filled, MSG_DONTWAIT);
      for (int j = 0; j < went; j++) sent_ns[ids[j]] = now;
      if (went > 0) {
        did = 1;
        sent += (uint64_t)went;
        total += (uint64_t)went;
        flow->under_way += (uint32_t)went;
      }
      if (went < filled && once) next = ids[went < 0 ? 0 : went];
    }
    if (!did) {
      struct pollfd waits[SOCKETS_MAX];
      for (unsigned i = 0; i < n; i++) waits[i] = (struct pollfd){flows[i].fd, POLLIN, 0};
      struct timespec nap = {0, rate > 0 ? 50000 : 1000000};
      ppoll(waits, n, &nap, NULL);
    }
  }
  if (last_ns <= counting_ns) last_ns = counting_ns + 1;
  const uint64_t end = now_ns() < until ? last_ns : until;
  const double passed = (double)(end - counting_ns) / 1e9;
  qsort(samples_us, sampled, sizeof *samples_us, compare);
  const double share = (cpu_seconds() - cpu_before) / passed;
#define PERCENTILE(p) (sampled == 0 ? 0 : samples_us[(uint64_t)((double)(sampled - 1) * (p))])
  printf("{\"sent\":%llu,\"received\":%llu,\"failed\":%llu,\"lost\":%llu,\"seconds\":%.3f,\"p50Us\":%u,\"p99Us\":%u,"
         "\"p999Us\":%u,\"cpu\":%.3f}\n",
         (unsigned long long)sent, (unsigned long long)received, (unsigned long long)failed, (unsigned long long)lost, passed,
         PERCENTILE(0.5), PERCENTILE(0.99), PERCENTILE(0.999), share);
  return 0;
}
