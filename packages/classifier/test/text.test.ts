import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Vocabulary, matchFields } from '../src/arbitraries.js';
import {
  ClassifierError,
  FLOW_SCHEMA,
  type Match,
  buildMatch,
  equalMatches,
  formatMatch,
  formatRule,
  maxOfWide,
  parseMatch,
  parseRule,
} from '../src/index.js';

const IPV4 = { eth_type: 0x0800n };
const IPV6 = { eth_type: 0x86ddn };
const ND = { ...IPV6, ip_proto: 58n, icmp_code: 0n };

/** Every field there is, in every kind of packet, with values from all over. */
const EVERYTHING: Vocabulary = {
  schema: FLOW_SCHEMA,
  kinds: [
    { tun_family: 4n },
    { tun_family: 6n },
    { eth_type: 0x8847n },
    { eth_type: 0x0806n },
    IPV4,
    ...[6n, 17n, 132n, 1n, 2n].map((ip_proto) => ({ ...IPV4, ip_proto })),
    ...[6n, 17n, 58n].map((ip_proto) => ({ ...IPV6, ip_proto })),
    { ...ND, icmp_type: 135n },
    { ...ND, icmp_type: 136n },
  ],
  values: Object.fromEntries(
    FLOW_SCHEMA.fields.map((field) => {
      const max = maxOfWide(field);
      return [field.name, [0n, 1n, max, max >> 1n, 0x1234_5678_9abc_def0n & max]];
    }),
  ),
};

const matches: fc.Arbitrary<Match> = matchFields(EVERYTHING).map((fields) => {
  try {
    return buildMatch(fields);
  } catch (error) {
    // Two names of the same bits.
    if (error instanceof ClassifierError && ['E_DUP_FIELD', 'E_PREREQ'].includes(error.code)) return buildMatch({});
    throw error;
  }
});

describe('rule text', () => {
  it('of a match reads back as the same match', () => {
    let isTrivial = 0;
    fc.assert(
      fc.property(matches, (match) => {
        const text = formatMatch(match);
        if (text === '') isTrivial++;
        if (!equalMatches(parseMatch(text), match))
          throw new Error(`${text}, read and written: ${formatMatch(parseMatch(text))}`);
      }),
    );
    expect(isTrivial).toBeLessThan(Number(process.env['FC_NUM_RUNS'] ?? 1000) / 4);
  });

  it('of a rule reads back as the same rule', () => {
    const rule = fc.record(
      {
        priority: fc.nat({ max: 65535 }),
        match: matches,
        action: fc.constantFrom('drop', 'output:2', 'resubmit(,8),output:1', ''),
        table: fc.nat({ max: 254 }),
        cookie: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        idleTimeoutS: fc.nat({ max: 65535 }),
      },
      { requiredKeys: ['match', 'action'] },
    );
    fc.assert(
      fc.property(rule, (given) => {
        const text = formatRule(given);
        const { match, ...rest } = parseRule(text);
        const { match: wanted, ...others } = { priority: 32768, table: 0, cookie: 0n, ...given };
        const isSame =
          equalMatches(match, wanted) && Object.entries(others).every(([k, v]) => rest[k as keyof typeof rest] === v);
        if (!isSame) throw new Error(`${text}, read and written: ${formatRule(parseRule(text))}`);
      }),
    );
  });

  it('total: any text is a match, a rule, or a named error', () => {
    const names = [...FLOW_SCHEMA.fields.map(({ name }) => name), ...Object.keys(FLOW_SCHEMA.aliases)];
    const word = fc.oneof(
      fc.constantFrom(...names, ...Object.keys(FLOW_SCHEMA.shorthands), 'priority', 'dl_vlan', 'nw_tos', 'constructor'),
      fc.string({ maxLength: 8 }),
    );
    const value = fc.oneof(
      fc.constantFrom(
        '0',
        '1',
        '0x800',
        '80..443',
        '..',
        '1..',
        '/',
        '10.0.0.0/8',
        '::/0',
        '+syn-ack',
        'syn|ack',
        '-',
        'no',
        'toString',
        '__proto__',
      ),
      fc.string({ maxLength: 12 }),
    );
    const text = fc
      .array(fc.tuple(word, fc.constantFrom('=', ''), value, fc.constantFrom(',', ' ', ', ')), { maxLength: 6 })
      .map((parts) => parts.map((part) => part.join('')).join(''));
    fc.assert(
      fc.property(text, (given) => {
        for (const read of [
          () => parseMatch(given),
          () => parseRule(given),
          () => parseRule(`${given} actions=drop`),
        ]) {
          try {
            read();
          } catch (error) {
            if (!(error instanceof ClassifierError)) throw error;
          }
        }
      }),
    );
  });

  it.each([
    ['tcp,ip_dst=10.0.0.0/8,l4_dst=80..443', 'tcp,ip_dst=10.0.0.0/8,l4_dst=80..443'],
    ['tcp,nw_dst=10.0.0.0/255.0.0.0,tp_dst=0x50/0xfff0', 'tcp,ip_dst=10.0.0.0/8,l4_dst=80..95'],
    [
      'dl_type=0x86dd nw_proto=58 icmp_type=135 icmp_code=0 nd_target=2001:db8::1',
      'icmp6,icmp_type=135,icmp_code=0,nd_target=2001:db8::1',
    ],
    ['in_port=LOCAL,dl_vlan=7,dl_vlan_pcp=3', 'in_port=LOCAL,vlan_pcp=3,vlan_vid=7'],
    ['dl_vlan=0xffff', 'vlan_tci=0x0'],
    ['vlan_tci=0x0000', 'vlan_tci=0x0'],
    ['vlan_tci=0x1000/0x1000', 'vlan_present=1'],
    ['ip,nw_tos=184,nw_ecn=1', 'ip,ip_dscp=46,ip_ecn=1'],
    ['udp,nw_frag=later', 'udp,ip_frag=later'],
    ['ct_state=+trk-new,ct_zone=7,ip', 'ip,ct_state=-new+trk,ct_zone=7'],
    ['tcp,tcp_flags=+syn-ack', 'tcp,tcp_flags=+syn-ack'],
    ['tcp,tcp_flags=syn|ack', 'tcp,tcp_flags=syn|ack'],
    ['tcp,tcp_flags=0x200', 'tcp,tcp_flags=0x200'],
    ['tun_id=0x1389,tun_dst=192.0.2.0/24', 'tun_id=5001,tun_dst=192.0.2.0/24,tun_family=4'],
    ['dl_dst=01:00:00:00:00:00/01:00:00:00:00:00', 'eth_dst=01:00:00:00:00:00/01:00:00:00:00:00'],
    [
      'arp,arp_spa=10.0.0.1,arp_op=1,arp_sha=02:00:00:00:00:01',
      'arp,arp_spa=10.0.0.1,arp_op=1,arp_sha=02:00:00:00:00:01',
    ],
    ['metadata=0x1/0xff,reg0=0x5', 'metadata=0x1/0xff,reg0=0x5'],
    ['', ''],
  ])('%s is %s', (given, text) => {
    expect(formatMatch(parseMatch(given))).toBe(text);
  });

  it.each([
    ['tcpp', 'tcpp: no such word; there are tcp, udp'],
    ['in_port', 'in_port: a field needs a value, as in name=value (E_BAD_TEXT)'],
    ['tcp,tcp_dst=80,l4_dst=80', 'l4_dst: given twice (E_DUP_FIELD)'],
    ['tcp,udp', 'eth_type: given twice (E_DUP_FIELD)'],
    ['tcp=1', 'tcp: no such field'],
  ])('%s is refused: %s', (given, message) => {
    expect(() => parseMatch(given)).toThrow(message);
  });

  it.each([
    ['priority=65536 actions=drop', "priority: must be an integer in 0..65535, got '65536' (E_BAD_PRIORITY)"],
    ['priority=-1 actions=drop', 'E_BAD_PRIORITY'],
    ['priority actions=drop', 'E_BAD_PRIORITY'],
    ['priority=1,priority=1 actions=drop', 'priority: given twice (E_DUP_FIELD)'],
    ['tcp', "actions: a rule ends with actions=..., got 'tcp' (E_BAD_TEXT)"],
    ['cookie=x actions=drop', "cookie: must be an integer in 0..2^64-1, got 'x' (E_BAD_TEXT)"],
    ['table=255 actions=drop', "table: must be an integer in 0..254, got '255' (E_BAD_TEXT)"],
  ])('%s is refused: %s', (given, message) => {
    expect(() => parseRule(given)).toThrow(message);
  });

  it('loads what ovs-ofctl dump-flows prints', () => {
    const dump = `
 cookie=0x2a, duration=12.345s, table=3, n_packets=7, n_bytes=588, idle_age=4, priority=100,tcp,in_port=1,dl_vlan=10,nw_dst=10.0.0.0/8,tp_dst=443 actions=mod_dl_dst:02:00:00:00:00:01,output:2
 cookie=0x0, duration=1s, table=0, n_packets=0, n_bytes=0, idle_timeout=30, send_flow_rem ipv6,ipv6_dst=2001:db8::/32 actions=drop
 cookie=0x0, duration=1s, table=0, n_packets=0, n_bytes=0, priority=0 actions=NORMAL`;
    const rules = dump
      .trim()
      .split('\n')
      .map((line) => formatRule(parseRule(line)));
    expect(rules).toEqual([
      'cookie=0x2a,table=3,priority=100,tcp,in_port=1,vlan_vid=10,ip_dst=10.0.0.0/8,l4_dst=443 actions=mod_dl_dst:02:00:00:00:00:01,output:2',
      'idle_timeout=30,priority=32768,ipv6,ip_dst=2001:db8::/32 actions=drop',
      'priority=0 actions=NORMAL',
    ]);
  });
});
