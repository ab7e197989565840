import { describe, it } from '@jest/globals';
import type { Codec } from '@overlane/wire';
import fc from 'fast-check';
import { frame, header, nlArp } from '../src/index.js';
import { netlordFrameLaws, netlordLaws, nlArpLaws } from '../src/laws.js';

const headerCodec: Codec<header.NetlordHeader> = header;
const frameCodec: Codec<frame.NetlordFrame> = frame;
const messageCodec: Codec<nlArp.NlArpMessage> = nlArp;

describe('NetLord header keeps the law', () => {
  for (const law of netlordLaws(headerCodec)) it(law.name, () => fc.assert(law.property));
});

describe('NetLord frame keeps the law', () => {
  for (const law of netlordFrameLaws(frameCodec)) it(law.name, () => fc.assert(law.property));
});

describe('NL-ARP message keeps the law', () => {
  for (const law of nlArpLaws(messageCodec)) it(law.name, () => fc.assert(law.property));
});
