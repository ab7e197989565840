/** Two transcriptions of each figure, wire's codec and the layout here, held against each other by wire's own law. */
import { describe, it } from '@jest/globals';
import * as wireLaws from '@overlane/wire/laws';
import fc from 'fast-check';
import * as headers from '../src/headers.js';
import type { Layout } from '../src/index.js';

type Oracle = wireLaws.Oracle;

const C_TAG = 0x8100;
const S_TAG = 0x88a8;

interface Tag {
  readonly tpid: number;
  readonly pcp: number;
  readonly dei: number;
  readonly vid: number;
}

/** Ethernet and its tags are one header to the codec, several layers to people. */
const ethernetOracle: Oracle = {
  decode: (bytes, offset, end) => {
    const { destination, source, etherType: first } = headers.ethernetLayout.decode(bytes, offset, end);
    const tags: Tag[] = [];
    let etherType = first;
    for (let at = offset + 14; etherType === C_TAG || etherType === S_TAG; at += 4) {
      const tag = headers.vlanLayout.decode(bytes, at, end);
      tags.push({ tpid: etherType, pcp: tag.priorityCodePoint, dei: Number(tag.dropEligible), vid: tag.vlanId });
      etherType = tag.etherType;
    }
    return { destination, source, tags, etherType };
  },
  encode: (record) => {
    const { destination, source, tags, etherType } = record as unknown as ReturnType<
      typeof headers.ethernetLayout.decode
    > & {
      readonly tags: readonly Tag[];
    };
    const types = [...tags.map(({ tpid }) => tpid), etherType];
    return Uint8Array.of(
      ...headers.ethernetLayout.encode({ destination, source, etherType: types[0]! }),
      ...tags.flatMap(({ pcp, dei, vid }, i) => [
        ...headers.vlanLayout.encode({
          priorityCodePoint: pcp,
          dropEligible: dei === 1,
          vlanId: vid,
          etherType: types[i + 1]!,
        }),
      ]),
    );
  },
};

const neighborLayout = (type: unknown): Layout =>
  type === 135 ? headers.neighborSolicitationLayout : headers.neighborAdvertisementLayout;

const neighborOracle: Oracle = {
  decode: (bytes, offset, end) => neighborLayout(bytes[offset]).decode(bytes, offset, end),
  encode: (record) => neighborLayout(record['type']).encode(record as ReturnType<Layout['decode']>),
};

/** Runs the law `oracle` on `subject`, whatever its header. */
function agree<Header>(
  name: string,
  subject: wireLaws.LawSubject<Header>,
  oracle: Oracle,
  toRecord: (header: Header) => Readonly<Record<string, unknown>>,
): void {
  it(name, () => {
    const law = wireLaws.codecLaws({ ...subject, oracle, toRecord }).find((one) => one.name === 'oracle');
    fc.assert(law!.property);
  });
}

describe('layouts and codecs agree on all octets', () => {
  agree('ethernet', wireLaws.ethernetSubject(), ethernetOracle, (header) => ({ ...header }));
  agree('arp', wireLaws.arpSubject(), headers.arpLayout, (message) => ({ ...message }));
  agree('ipv4', wireLaws.ipv4Subject(), headers.ipv4Layout, (header) => ({ ...header }));
  agree('ipv6', wireLaws.ipv6Subject(), headers.ipv6Layout, (header) => ({ ...header }));
  agree('udp', wireLaws.udpSubject(), headers.udpLayout, (header) => ({ ...header }));
  agree('tcp', wireLaws.tcpSubject(), headers.tcpLayout, wireLaws.tcpSubject().toRecord!);
  for (const layout of [headers.icmpv4Layout, headers.icmpv6Layout]) {
    agree(layout.protocol, wireLaws.icmpSubject(), layout, ({ type, code, checksum }) => ({ type, code, checksum }));
  }
  agree('icmpv4 echo', wireLaws.icmpSubject(), headers.icmpv4EchoLayout, ({ rest }) => ({
    identifier: rest >>> 16,
    sequenceNumber: rest & 0xffff,
  }));
  agree('icmpv4 unreachable', wireLaws.icmpSubject(), headers.icmpv4UnreachableLayout, ({ rest }) => ({
    unused: rest >>> 16,
    nextHopMtu: rest & 0xffff,
  }));
  agree('icmpv6 packet too big', wireLaws.icmpSubject(), headers.packetTooBigLayout, ({ rest }) => ({ mtu: rest }));
  agree('neighbor discovery', wireLaws.neighborSubject(), neighborOracle, (message) =>
    message.type === 135
      ? { type: 135, checksum: message.checksum, targetAddress: message.target }
      : {
          type: 136,
          checksum: message.checksum,
          router: message.router,
          solicited: message.solicited,
          override: message.override,
          targetAddress: message.target,
        },
  );
});
