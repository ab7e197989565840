/*
 * Open vSwitch's classifier on a rule set: `ovs_classifier RULES PACKETS`. Operations `untracked` and `tracked` (with a
 * wildcard accumulator). Linked with Open vSwitch's own library. Ranges become prefixes, as it has no others.
 */
#include <config.h>

#include "peer.h"

#include "classifier.h"
#include "flow.h"
#include "openvswitch/match.h"
#include "packets.h"

struct numbered_rule {
    struct cls_rule rule;
    uint32_t number;
};

static struct classifier classifier;
static struct flow flows[PACKETS];

static uint32_t answer(const struct cls_rule *rule)
{
    return rule == NULL ? 0 : CONTAINER_OF(rule, struct numbered_rule, rule)->number;
}

static uint64_t run_untracked(unsigned first)
{
    uint64_t sum = 0;
    for (unsigned i = first; i < first + GROUP; i++) {
        sum += answer(classifier_lookup(&classifier, OVS_VERSION_MIN, &flows[i], NULL, NULL));
    }
    return sum;
}

static uint64_t run_tracked(unsigned first)
{
    uint64_t sum = 0;
    for (unsigned i = first; i < first + GROUP; i++) {
        struct flow_wildcards wildcards;
        flow_wildcards_init_catchall(&wildcards);
        sum += answer(classifier_lookup(&classifier, OVS_VERSION_MIN, &flows[i], &wildcards, NULL));
    }
    return sum;
}

/* Splits lo..hi into prefixes: values and masks, at most 30 for 16 bits. Returns how many. */
static unsigned split_range(unsigned lo, unsigned hi, uint16_t *values, uint16_t *masks)
{
    unsigned count = 0;
    for (unsigned at = lo; at <= hi;) {
        unsigned size = at == 0 ? 0x10000 : at & -at;
        while (at + size - 1 > hi) size >>= 1;
        values[count] = (uint16_t)at;
        masks[count++] = (uint16_t)~(size - 1);
        at += size;
    }
    return count;
}

static void insert(const struct peer_rule *r, uint32_t number, int priority, uint16_t sport, uint16_t sport_mask,
                   uint16_t dport, uint16_t dport_mask)
{
    struct match match;
    match_init_catchall(&match);
    match_set_dl_type(&match, htons(ETH_TYPE_IP));
    if (r->proto_mask != 0) match_set_nw_proto(&match, (uint8_t)r->proto);
    match_set_nw_src_masked(&match, htonl(r->src), be32_prefix_mask((int)r->src_len));
    match_set_nw_dst_masked(&match, htonl(r->dst), be32_prefix_mask((int)r->dst_len));
    match_set_tp_src_masked(&match, htons(sport), htons(sport_mask));
    match_set_tp_dst_masked(&match, htons(dport), htons(dport_mask));
    struct numbered_rule *rule = xmalloc(sizeof *rule);
    rule->number = number;
    cls_rule_init(&rule->rule, &match, priority);
    classifier_insert(&classifier, &rule->rule, OVS_VERSION_MIN, NULL, 0);
}

static void insert_all(const struct peer_rule *rules, size_t count)
{
    static const enum mf_field_id tries[] = {MFF_IPV4_DST, MFF_IPV4_SRC};
    classifier_init(&classifier, flow_segment_u64s);
    classifier_set_prefix_fields(&classifier, tries, 2);
    classifier_defer(&classifier);
    for (size_t i = 0; i < count; i++) {
        uint16_t sports[32], sport_masks[32], dports[32], dport_masks[32];
        unsigned n = split_range(rules[i].sport_lo, rules[i].sport_hi, sports, sport_masks);
        unsigned m = split_range(rules[i].dport_lo, rules[i].dport_hi, dports, dport_masks);
        for (unsigned s = 0; s < n; s++) {
            for (unsigned d = 0; d < m; d++) {
                insert(&rules[i], (uint32_t)i + 1, (int)(count - i), sports[s], sport_masks[s], dports[d],
                       dport_masks[d]);
            }
        }
    }
    classifier_publish(&classifier);
}

int main(int argc, char *argv[])
{
    if (argc != 3) peer_die("usage: ovs_classifier RULES PACKETS");
    size_t count;
    struct peer_rule *rules = peer_read_rules(argv[1], &count);
    struct peer_packet *packets = peer_read_packets(argv[2]);
    insert_all(rules, count);
    for (size_t i = 0; i < PACKETS; i++) {
        flows[i].dl_type = htons(ETH_TYPE_IP);
        flows[i].nw_src = htonl(packets[i].src);
        flows[i].nw_dst = htonl(packets[i].dst);
        flows[i].nw_proto = packets[i].proto;
        flows[i].tp_src = htons(packets[i].sport);
        flows[i].tp_dst = htons(packets[i].dport);
    }
    const struct peer_named_operation operations[] = {{"untracked", run_untracked}, {"tracked", run_tracked}};
    return peer_serve(operations, 2, VERSION);
}
