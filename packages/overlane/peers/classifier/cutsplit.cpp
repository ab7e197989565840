/* CutSplit on a rule set: `cutsplit RULES PACKETS`. Operation `lookup`. Linked with the authors' public sources. */
#include "peer.h"

#include "CutSplit/CutSplit.h"

static CutSplit *classifier;
static std::vector<Packet> packets;
static int rule_count;

static uint64_t run_lookup(unsigned first)
{
    uint64_t sum = 0;
    // Priorities fall from rule_count - 1; -1 means that no rule matches.
    for (unsigned i = first; i < first + GROUP; i++) {
        int priority = classifier->ClassifyAPacket(packets[i]);
        sum += priority < 0 ? 0 : rule_count - priority;
    }
    return sum;
}

static std::array<Point, 2> prefix_range(uint32_t address, unsigned length)
{
    uint32_t host = length == 0 ? 0xffffffffu : length == 32 ? 0 : 0xffffffffu >> length;
    return {{address & ~host, address | host}};
}

static unsigned range_prefix_length(unsigned lo, unsigned hi)
{
    unsigned length = 0;
    for (int bit = 15; bit >= 0 && ((lo ^ hi) >> bit & 1) == 0; bit--) length++;
    return length;
}

int main(int argc, char *argv[])
{
    if (argc != 3) peer_die("usage: cutsplit RULES PACKETS");
    size_t count;
    struct peer_rule *given = peer_read_rules(argv[1], &count);
    struct peer_packet *trace = peer_read_packets(argv[2]);
    rule_count = (int)count;
    std::vector<Rule> rules;
    for (size_t i = 0; i < count; i++) {
        const struct peer_rule &g = given[i];
        Rule rule;
        rule.range[FieldSA] = prefix_range(g.src, g.src_len);
        rule.range[FieldDA] = prefix_range(g.dst, g.dst_len);
        rule.range[FieldSP] = {{g.sport_lo, g.sport_hi}};
        rule.range[FieldDP] = {{g.dport_lo, g.dport_hi}};
        rule.range[FieldProto] = {{g.proto & g.proto_mask, g.proto | (~g.proto_mask & 0xff)}};
        rule.prefix_length = {g.src_len, g.dst_len, range_prefix_length(g.sport_lo, g.sport_hi),
                              range_prefix_length(g.dport_lo, g.dport_hi), g.proto_mask == 0 ? 0u : 8u};
        rule.id = (int)i;
        rule.priority = rule_count - 1 - (int)i;
        rules.push_back(rule);
    }
    for (size_t i = 0; i < PACKETS; i++) {
        packets.push_back({trace[i].src, trace[i].dst, trace[i].sport, trace[i].dport, trace[i].proto});
    }
    // The authors' own settings: eight rules in a leaf, prefixes below 12 bits count as large.
    classifier = new CutSplit(8, 12);
    classifier->ConstructClassifier(rules);
    const struct peer_named_operation operations[] = {{"lookup", run_lookup}};
    return peer_serve(operations, 1, "built from source");
}
