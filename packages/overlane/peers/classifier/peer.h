/*
 * What the peers of the classifier bench share: they read one rule set and one trace, and answer questions like all
 * measured programs: one JSON object a line, `warm`, `round` and `version`.
 *
 * Rules are lines in the ClassBench manner, best first: `@10.0.0.0/8<TAB>0.0.0.0/0<TAB>0 : 65535<TAB>80 : 80<TAB>0x06/0xff`.
 * Packets are lines of five numbers: source, destination, source port, destination port, protocol. The answer to a
 * packet is the line number of its rule, from 1, or 0. A call of an operation classifies GROUP packets and returns the
 * sum of the answers.
 */
#ifndef OVERLANE_PEER_H
#define OVERLANE_PEER_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define INPUTS 1024
#define GROUP 32
#define PACKETS (INPUTS * GROUP)

struct peer_rule {
    uint32_t src, dst;
    unsigned src_len, dst_len;
    unsigned sport_lo, sport_hi, dport_lo, dport_hi;
    unsigned proto, proto_mask;
};

struct peer_packet {
    uint32_t src, dst;
    uint16_t sport, dport;
    uint8_t proto;
};

/* Classifies packets first..first+GROUP-1 and returns the sum of the answers. */
typedef uint64_t (*peer_operation)(unsigned first);

struct peer_named_operation {
    const char *name;
    peer_operation run;
};

static inline void peer_die(const char *what)
{
    fprintf(stderr, "%s\n", what);
    exit(1);
}

/* Reads a rule file into new memory, which is the caller's. */
static inline struct peer_rule *peer_read_rules(const char *path, size_t *count)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) peer_die("cannot open the rules");
    size_t room = 1024, n = 0;
    struct peer_rule *rules = (struct peer_rule *)malloc(room * sizeof *rules);
    unsigned s[4], d[4];
    struct peer_rule r;
    while (fscanf(file, " @%u.%u.%u.%u/%u %u.%u.%u.%u/%u %u : %u %u : %u %x/%x%*[^\n]", &s[0], &s[1], &s[2], &s[3],
                  &r.src_len, &d[0], &d[1], &d[2], &d[3], &r.dst_len, &r.sport_lo, &r.sport_hi, &r.dport_lo,
                  &r.dport_hi, &r.proto, &r.proto_mask) == 16) {
        r.src = s[0] << 24 | s[1] << 16 | s[2] << 8 | s[3];
        r.dst = d[0] << 24 | d[1] << 16 | d[2] << 8 | d[3];
        if (n == room) rules = (struct peer_rule *)realloc(rules, (room *= 2) * sizeof *rules);
        rules[n++] = r;
    }
    if (!feof(file)) peer_die("the rules do not read");
    fclose(file);
    *count = n;
    return rules;
}

/* Reads PACKETS packets into new memory, which is the caller's. */
static inline struct peer_packet *peer_read_packets(const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) peer_die("cannot open the packets");
    struct peer_packet *packets = (struct peer_packet *)malloc(PACKETS * sizeof *packets);
    for (size_t i = 0; i < PACKETS; i++) {
        unsigned sport, dport, proto;
        if (fscanf(file, "%u %u %u %u %u%*[^\n]", &packets[i].src, &packets[i].dst, &sport, &dport, &proto) != 5) {
            peer_die("too few packets");
        }
        packets[i].sport = (uint16_t)sport;
        packets[i].dport = (uint16_t)dport;
        packets[i].proto = (uint8_t)proto;
    }
    fclose(file);
    return packets;
}

static inline double peer_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e9 + t.tv_nsec;
}

static volatile uint64_t peer_kept;

static inline double peer_time(peer_operation run, unsigned long iterations)
{
    uint64_t sum = 0;
    double start = peer_now_ns();
    for (unsigned long i = 0; i < iterations; i++) sum += run((unsigned)(i & (INPUTS - 1)) * GROUP);
    peer_kept = sum;
    return (peer_now_ns() - start) / iterations;
}

static inline double peer_number(const char *line, const char *key)
{
    const char *at = strstr(line, key);
    return at == NULL ? 0 : atof(at + strlen(key));
}

/* Answers questions until there are no more. Returns the exit status. */
static inline int peer_serve(const struct peer_named_operation *operations, size_t count, const char *version)
{
    static char line[4096];
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (strstr(line, "\"do\":\"version\"") != NULL) {
            printf("{\"version\":\"%s\"}\n", version);
            fflush(stdout);
            continue;
        }
        const char *at = strstr(line, "\"operation\":\"");
        peer_operation run = NULL;
        for (size_t i = 0; at != NULL && i < count; i++) {
            size_t length = strlen(operations[i].name);
            const char *name = at + strlen("\"operation\":\"");
            if (strncmp(name, operations[i].name, length) == 0 && name[length] == '"') run = operations[i].run;
        }
        if (run == NULL) peer_die("no such operation");
        if (strstr(line, "\"do\":\"warm\"") != NULL) {
            double ms = peer_number(line, "\"ms\":"), start = peer_now_ns(), ns = 0;
            uint64_t sum = 0;
            for (unsigned i = 0; i < INPUTS; i++) sum += run(i * GROUP);
            unsigned long n = 1;
            do ns = peer_time(run, n);
            while (n *= 2, peer_now_ns() - start < ms * 1e6);
            printf("{\"sum\":%llu,\"nsPerOp\":%.3f}\n", (unsigned long long)sum, ns);
        } else {
            unsigned long n = (unsigned long)peer_number(line, "\"iterations\":");
            printf("{\"nsPerOp\":%.3f}\n", peer_time(run, n));
        }
        fflush(stdout);
    }
    return 0;
}

#endif
