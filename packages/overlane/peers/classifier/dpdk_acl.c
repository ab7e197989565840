/* DPDK's ACL library on a rule set: `dpdk_acl RULES PACKETS`. Operations `scalar` and `simd` (the best this CPU has). */
#include "peer.h"

#include <arpa/inet.h>
#include <rte_acl.h>
#include <rte_eal.h>
#include <rte_version.h>

enum { PROTO, SRC, DST, SPORT, DPORT, FIELDS };

/* A packet as the library reads it: network byte order; fields in groups of four octets but the first. */
struct key {
    uint8_t proto, pad[3];
    uint32_t src, dst;
    uint16_t sport, dport;
};

RTE_ACL_RULE_DEF(acl_rule, FIELDS);

static struct rte_acl_field_def definitions[FIELDS] = {
    {.type = RTE_ACL_FIELD_TYPE_BITMASK, .size = 1, .field_index = PROTO, .input_index = 0, .offset = 0},
    {.type = RTE_ACL_FIELD_TYPE_MASK, .size = 4, .field_index = SRC, .input_index = 1, .offset = 4},
    {.type = RTE_ACL_FIELD_TYPE_MASK, .size = 4, .field_index = DST, .input_index = 2, .offset = 8},
    {.type = RTE_ACL_FIELD_TYPE_RANGE, .size = 2, .field_index = SPORT, .input_index = 3, .offset = 12},
    {.type = RTE_ACL_FIELD_TYPE_RANGE, .size = 2, .field_index = DPORT, .input_index = 3, .offset = 14},
};

static struct rte_acl_ctx *context;
static struct key keys[PACKETS];
static const uint8_t *pointers[PACKETS];
static enum rte_acl_classify_alg best;

static uint64_t classify(unsigned first, enum rte_acl_classify_alg algorithm)
{
    uint32_t results[GROUP];
    rte_acl_classify_alg(context, pointers + first, results, GROUP, 1, algorithm);
    uint64_t sum = 0;
    for (unsigned i = 0; i < GROUP; i++) sum += results[i];
    return sum;
}

static uint64_t run_scalar(unsigned first)
{
    return classify(first, RTE_ACL_CLASSIFY_SCALAR);
}

static uint64_t run_simd(unsigned first)
{
    return classify(first, best);
}

static void add_rules(const struct peer_rule *rules, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct peer_rule *r = &rules[i];
        struct acl_rule rule;
        memset(&rule, 0, sizeof rule);
        rule.data.category_mask = 1;
        rule.data.priority = (int32_t)(count - i);
        rule.data.userdata = (uint32_t)(i + 1);
        rule.field[PROTO].value.u8 = (uint8_t)r->proto;
        rule.field[PROTO].mask_range.u8 = (uint8_t)r->proto_mask;
        rule.field[SRC].value.u32 = r->src;
        rule.field[SRC].mask_range.u32 = r->src_len;
        rule.field[DST].value.u32 = r->dst;
        rule.field[DST].mask_range.u32 = r->dst_len;
        rule.field[SPORT].value.u16 = (uint16_t)r->sport_lo;
        rule.field[SPORT].mask_range.u16 = (uint16_t)r->sport_hi;
        rule.field[DPORT].value.u16 = (uint16_t)r->dport_lo;
        rule.field[DPORT].mask_range.u16 = (uint16_t)r->dport_hi;
        if (rte_acl_add_rules(context, (struct rte_acl_rule *)&rule, 1) != 0) peer_die("cannot add a rule");
    }
}

/* The widest algorithm that this CPU runs: the library refuses the others. */
static enum rte_acl_classify_alg find_best(void)
{
    static const enum rte_acl_classify_alg candidates[] = {
        RTE_ACL_CLASSIFY_AVX512X32, RTE_ACL_CLASSIFY_AVX512X16, RTE_ACL_CLASSIFY_AVX2, RTE_ACL_CLASSIFY_SSE,
        RTE_ACL_CLASSIFY_NEON,
    };
    uint32_t results[GROUP];
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
        if (rte_acl_classify_alg(context, pointers, results, GROUP, 1, candidates[i]) == 0) return candidates[i];
    }
    return RTE_ACL_CLASSIFY_SCALAR;
}

int main(int argc, char *argv[])
{
    if (argc != 3) peer_die("usage: dpdk_acl RULES PACKETS");
    char *eal[] = {"dpdk_acl", "--no-huge", "--no-pci", "--no-shconf", "--no-telemetry", "-m", "3072", "-l", "0",
                   "--log-level=lib.*:error", "--file-prefix=overlane-bench"};
    if (rte_eal_init(sizeof eal / sizeof *eal, eal) < 0) peer_die("cannot start DPDK");
    size_t count;
    struct peer_rule *rules = peer_read_rules(argv[1], &count);
    struct peer_packet *packets = peer_read_packets(argv[2]);
    struct rte_acl_param parameters = {
        .name = "bench",
        .socket_id = -1,
        .rule_size = RTE_ACL_RULE_SZ(FIELDS),
        .max_rule_num = (uint32_t)count,
    };
    context = rte_acl_create(&parameters);
    if (context == NULL) peer_die("cannot make a context");
    add_rules(rules, count);
    struct rte_acl_config config = {.num_categories = 1, .num_fields = FIELDS};
    memcpy(config.defs, definitions, sizeof definitions);
    if (rte_acl_build(context, &config) != 0) peer_die("cannot build the tries");
    for (size_t i = 0; i < PACKETS; i++) {
        keys[i] = (struct key){packets[i].proto, {0}, htonl(packets[i].src), htonl(packets[i].dst),
                               htons(packets[i].sport), htons(packets[i].dport)};
        pointers[i] = (const uint8_t *)&keys[i];
    }
    best = find_best();
    const struct peer_named_operation operations[] = {{"scalar", run_scalar}, {"simd", run_simd}};
    return peer_serve(operations, 2, rte_version());
}
