import { describe, expect, it } from '@jest/globals';
import { FlowKey, buildMatch, formatMatch, matchesKey } from '../src/index.js';

describe('a match', () => {
  it('holds for a key with its fields', () => {
    const match = buildMatch({ eth_type: 0x800, ip_proto: 6, ip_dst: '10.0.0.0/8', l4_dst: [80, 443], vlan_vid: 7 });
    expect(formatMatch(match)).toBe('tcp,vlan_vid=7,ip_dst=10.0.0.0/8,l4_dst=80..443');
    const fields = { eth_type: 0x800, ip_proto: 6, ip_dst: '10.1.2.3', l4_dst: 80, vlan_vid: 7 };
    const key = FlowKey.from(fields);
    expect(matchesKey(match, key.words)).toBe(true);
    expect(key.format()).toBe('tcp,vlan_vid=7,ip_dst=10.1.2.3,l4_dst=80');
    expect(matchesKey(match, FlowKey.from({ ...fields, l4_dst: 79 }).words)).toBe(false);
    expect(matchesKey(match, FlowKey.from({ ...fields, ip_dst: '11.1.2.3' }).words)).toBe(false);
  });
});
