/*
 * Open vSwitch's userspace datapath caches: `ovs_datapath MEGAFLOWS PACKETS`. Operations `dpcls` (32 packets a call, as
 * the datapath does), `dpcls ranked`, `dpcls single`, and `emc` with the hash of the 5-tuple computed each time. Compiled together
 * with the datapath's own source, whose functions are static, and linked with Open vSwitch's library.
 *
 * Megaflows are lines of value/mask in hexadecimal: source, destination, source port, destination port; then the protocol in
 * decimal. The answer to a packet is the line of its megaflow, from 1; `emc` answers 1 for each hit.
 */
#include "dpif-netdev.c"

#include "peer.h"

struct numbered_megaflow {
    struct dpcls_rule rule;
    uint32_t number;
};

static struct dpcls dpcls;
static struct dfc_cache caches;
static struct netdev_flow_key keys[PACKETS];
static const struct netdev_flow_key *pointers[PACKETS];
/* For `emc`: packets that are in the cache, again and again if some are not. */
static const struct netdev_flow_key *resident[PACKETS];

static uint64_t sum_of(struct dpcls_rule **rules, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        if (rules[i] != NULL) sum += CONTAINER_OF(rules[i], struct numbered_megaflow, rule)->number;
    }
    return sum;
}

static uint64_t run_dpcls(unsigned first)
{
    struct dpcls_rule *rules[GROUP];
    dpcls_lookup(&dpcls, pointers + first, rules, GROUP, NULL);
    return sum_of(rules, GROUP);
}

/* Subtables in the order of their hits, as the datapath sorts them each second. */
static uint64_t run_dpcls_ranked(unsigned first)
{
    static bool is_ranked;
    if (!is_ranked) {
        for (unsigned i = 0; i < PACKETS; i += GROUP) run_dpcls(i);
        dpcls_sort_subtable_vector(&dpcls);
        is_ranked = true;
    }
    return run_dpcls(first);
}

static uint64_t run_dpcls_single(unsigned first)
{
    uint64_t sum = 0;
    for (unsigned i = first; i < first + GROUP; i++) {
        struct dpcls_rule *rule;
        dpcls_lookup(&dpcls, pointers + i, &rule, 1, NULL);
        sum += sum_of(&rule, 1);
    }
    return sum;
}

static uint64_t run_emc(unsigned first)
{
    uint64_t sum = 0;
    for (unsigned i = first; i < first + GROUP; i++) {
        struct netdev_flow_key *key = CONST_CAST(struct netdev_flow_key *, resident[i]);
        key->hash = miniflow_hash_5tuple(&key->mf, 0);
        sum += emc_lookup(&caches.emc_cache, key) != NULL;
    }
    return sum;
}

static void set_flow(struct flow *flow, uint32_t src, uint32_t dst, unsigned sport, unsigned dport, unsigned proto)
{
    memset(flow, 0, sizeof *flow);
    flow->in_port.odp_port = u32_to_odp(1);
    flow->dl_type = htons(ETH_TYPE_IP);
    flow->nw_src = htonl(src);
    flow->nw_dst = htonl(dst);
    flow->nw_proto = (uint8_t)proto;
    flow->tp_src = htons((uint16_t)sport);
    flow->tp_dst = htons((uint16_t)dport);
}

static void insert_megaflows(const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) peer_die("cannot open the megaflows");
    unsigned src, src_mask, dst, dst_mask, sport, sport_mask, dport, dport_mask, proto;
    dpcls_init(&dpcls);
    for (uint32_t number = 1; fscanf(file, "%x/%x %x/%x %x/%x %x/%x %u%*[^\n]", &src, &src_mask, &dst, &dst_mask,
                                     &sport, &sport_mask, &dport, &dport_mask, &proto) == 9; number++) {
        struct match match;
        match_init_catchall(&match);
        set_flow(&match.flow, src, dst, sport, dport, proto);
        set_flow(&match.wc.masks, src_mask, dst_mask, sport_mask, dport_mask, 0xff);
        match.wc.masks.in_port.odp_port = u32_to_odp(UINT32_MAX);
        match.wc.masks.dl_type = OVS_BE16_MAX;
        match.wc.masks.recirc_id = UINT32_MAX;
        match.wc.masks.nw_frag = 0xff;
        struct netdev_flow_key mask;
        netdev_flow_mask_init(&mask, &match);
        struct numbered_megaflow *megaflow = xzalloc(sizeof *megaflow);
        megaflow->number = number;
        netdev_flow_key_init_masked(&megaflow->rule.flow, &match.flow, &mask);
        dpcls_insert(&dpcls, &megaflow->rule, &mask);
    }
    if (!feof(file)) peer_die("the megaflows do not read");
    fclose(file);
}

static void fill_emc(void)
{
    static struct dp_netdev_flow flow;
    flow.dead = false;
    ovs_refcount_init(&flow.ref_cnt);
    dfc_cache_init(&caches);
    for (size_t i = 0; i < PACKETS; i++) {
        keys[i].hash = miniflow_hash_5tuple(&keys[i].mf, 0);
        emc_insert(&caches.emc_cache, &keys[i], &flow);
    }
    size_t found = 0;
    for (size_t i = 0; i < PACKETS; i++) {
        if (emc_lookup(&caches.emc_cache, &keys[i]) != NULL) resident[found++] = &keys[i];
    }
    if (found == 0) peer_die("the exact-match cache holds nothing");
    for (size_t i = found; i < PACKETS; i++) resident[i] = resident[i - found];
}

int main(int argc, char *argv[])
{
    if (argc != 3) peer_die("usage: ovs_datapath MEGAFLOWS PACKETS");
    insert_megaflows(argv[1]);
    struct peer_packet *packets = peer_read_packets(argv[2]);
    for (size_t i = 0; i < PACKETS; i++) {
        struct flow flow;
        set_flow(&flow, packets[i].src, packets[i].dst, packets[i].sport, packets[i].dport, packets[i].proto);
        netdev_flow_key_init(&keys[i], &flow);
        pointers[i] = &keys[i];
    }
    fill_emc();
    const struct peer_named_operation operations[] = {
        {"dpcls", run_dpcls},
        {"dpcls ranked", run_dpcls_ranked},
        {"dpcls single", run_dpcls_single},
        {"emc", run_emc},
    };
    return peer_serve(operations, 4, VERSION);
}
