import { describe, expect, it } from '@jest/globals';
import { flags, header, octets, reserved, rest, u64, uint } from '../src/index.js';
import { authenticationLayout, ethernetLayout, fragmentLayout, hopByHopLayout, ipv4Layout } from '../src/headers.js';
import { ipv6Layout, neighborAdvertisementLayout, tcpLayout, udpLayout, vlanLayout } from '../src/headers.js';

const RULER = `
 0                   1                   2                   3
 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1`;

/** The figures are typed from the RFCs; only labels that don't centre exactly stand where our one rule puts them. */
const picture = (text: string): string => RULER.slice(1) + text;

describe('diagram', () => {
  it('draws UDP as RFC 768 lists it', () => {
    expect(udpLayout.diagram()).toBe(
      picture(`
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|          Source Port          |       Destination Port        |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|            Length             |           Checksum            |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+`),
    );
  });

  it('draws IPv4 as RFC 791 §3.1, with DSCP and ECN', () => {
    expect(ipv4Layout.diagram()).toBe(
      picture(`
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|Version|  IHL  |   DSCP    |ECN|         Total Length          |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|        Identification         |R|D|M|     Fragment Offset     |
|                               | |F|F|                         |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
| Time to Live  |   Protocol    |        Header Checksum        |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|                        Source Address                         |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|                      Destination Address                      |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
~                            Options                            ~
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+`),
    );
  });

  it('draws TCP as RFC 9293 §3.1', () => {
    expect(tcpLayout.diagram()).toBe(
      picture(`
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|          Source Port          |       Destination Port        |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|                        Sequence Number                        |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|                     Acknowledgment Number                     |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
| Data  |       |C|E|U|A|P|R|S|F|                               |
|Offset | Rsrvd |W|C|R|C|S|S|Y|I|            Window             |
|       |       |R|E|G|K|H|T|N|N|                               |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|           Checksum            |        Urgent Pointer         |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
~                           [Options]                           ~
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+`),
    );
  });

  it('draws long fields over several rows, as RFC 8200 §3', () => {
    expect(ipv6Layout.diagram()).toBe(
      picture(`
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|Version|   DSCP    |ECN|              Flow Label               |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|        Payload Length         |  Next Header  |   Hop Limit   |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|                                                               |
+                                                               +
|                                                               |
+                        Source Address                         +
|                                                               |
+                                                               +
|                                                               |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|                                                               |
+                                                               +
|                                                               |
+                      Destination Address                      +
|                                                               |
+                                                               +
|                                                               |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+`),
    );
  });

  it('draws fields that cross a row in the middle, and a last row that ends early', () => {
    expect(ethernetLayout.diagram()).toBe(
      picture(`
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|                          Destination                          |
+                               +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|                               |                               |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+                               +
|                            Source                             |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|           EtherType           |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+`),
    );
  });

  it('draws a tail that starts in the middle of a row, as RFC 8200 §4.3', () => {
    expect(hopByHopLayout.diagram()).toBe(
      picture(`
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|  Next Header  |  Hdr Ext Len  |                               |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+                               +
~                            Options                            ~
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+`),
    );
  });

  it('draws the fragment header of RFC 8200 §4.5 and the AH of RFC 4302 §2', () => {
    expect(fragmentLayout.diagram()).toBe(
      picture(`
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|  Next Header  |   Reserved    |     Fragment Offset     |Res|M|
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|                        Identification                         |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+`),
    );
    expect(authenticationLayout.diagram()).toBe(
      picture(`
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|  Next Header  |  Payload Len  |           Reserved            |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|                Security Parameters Index (SPI)                |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|                     Sequence Number Field                     |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
~             Integrity Check Value-ICV (variable)              ~
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+`),
    );
  });

  it('draws the neighbor advertisement of RFC 4861 §4.4 and an 802.1Q tag', () => {
    expect(neighborAdvertisementLayout.diagram().split('\n').slice(4, 7)).toEqual([
      '+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+',
      '|R|S|O|                        Reserved                         |',
      '+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+',
    ]);
    expect(vlanLayout.diagram().split('\n').slice(3, 6)).toEqual([
      '|     |D|                       |                               |',
      '| PCP |E|          VID          |           EtherType           |',
      '|     |I|                       |                               |',
    ]);
  });

  it('draws VXLAN as RFC 7348 §5', () => {
    const vxlan = header(
      'vxlan',
      [
        flags(
          [undefined, undefined, undefined, undefined, 'vniValid', undefined, undefined, undefined],
          [undefined, undefined, undefined, undefined, 'I'],
        ),
        reserved('reserved1', 24),
        uint('vni', 24, 'VXLAN Network Identifier (VNI)'),
        reserved('reserved2', 8),
      ],
      { reference: 'RFC 7348 §5' },
    );
    expect(vxlan.diagram()).toBe(
      picture(`
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
| Rsvd  |I|Rsvd |                   Reserved                    |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|        VXLAN Network Identifier (VNI)         |   Reserved    |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+`),
    );
  });

  it('labels an odd number of whole rows in the middle one, an even number between', () => {
    const lines = header('x', [octets('three', 12), u64('two')], { reference: 'none' })
      .diagram()
      .split('\n');
    expect(lines.findIndex((line) => line.includes('Three'))).toBe(5);
    expect(lines[5]!.startsWith('|')).toBe(true);
    expect(lines.findIndex((line) => line.includes('Two'))).toBe(10);
    expect(lines[10]!.startsWith('+')).toBe(true);
  });

  it('shortens labels: wrapped, else initials, else cut, and R for the smallest reserved cells', () => {
    const list = [
      uint('hopLimit', 4),
      uint('verificationTag', 4),
      uint('identifier', 4),
      flags(['encrypted', 'endOfMessage', undefined, 'fin']),
      uint('timeToLive', 6),
      reserved('reserved9', 10),
    ];
    expect(header('x', list, { reference: 'none' }).diagram().split('\n').slice(3, -1)).toEqual([
      '|  Hop  |       |       | |E| |F|  Time To  |                   |',
      '| Limit |  VT   |Identif|E|O|R|I|   Live    |     Reserved      |',
      '|       |       |       | |M| |N|           |                   |',
    ]);
  });

  it('draws a tail behind a row that ends early', () => {
    const lines = header('x', [uint('a', 24), rest('tail')], { reference: 'none' })
      .diagram()
      .split('\n')
      .slice(3);
    expect(lines).toEqual([
      '|                       A                       |               |',
      '+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+               +',
      '~                             Tail                              ~',
      '+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+',
    ]);
  });
});
