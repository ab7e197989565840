import type { PortClass } from './profile.js';
import { type Random, type Weighted, integerBetween, weightedDraw } from './random.js';
import type { Ports } from './tuple-rule.js';

/** Ports of services that rules name (IANA), the frequent ones first. */
const SERVICES = [
  ...[80, 443, 53, 22, 25, 123, 161, 21, 110, 143, 389, 445, 139, 135, 1433, 3306, 5432, 8080, 3389, 993, 995, 514, 69],
  ...[1521, 636, 88, 179, 500, 1812, 5060, 6379, 9092, 11211, 27017, 2049, 111, 5900, 8443, 9200, 4789],
];

/** Ranges that rules name: of one service, of a protocol's dynamic ports, of a vendor's product. */
const RANGES: Weighted<Ports> = [
  [{ lo: 20, hi: 21 }, 6],
  [{ lo: 135, hi: 139 }, 5],
  [{ lo: 137, hi: 139 }, 5],
  [{ lo: 6000, hi: 6063 }, 3],
  [{ lo: 8080, hi: 8083 }, 3],
  [{ lo: 5060, hi: 5061 }, 4],
  [{ lo: 1024, hi: 5000 }, 1],
  [{ lo: 33434, hi: 33600 }, 2],
  [{ lo: 16384, hi: 32767 }, 2],
  [{ lo: 49152, hi: 65535 }, 3],
  [{ lo: 2300, hi: 2400 }, 1],
];

/** Share of exact ports that are no known service. */
const OTHER_PORT_SHARE = 0.25;
/** Share of ranges that are of no known service. */
const OTHER_RANGE_SHARE = 0.15;

const drawService = weightedDraw(SERVICES.map((port, i) => [port, 1 / (i + 2)]));
const drawRange = weightedDraw(RANGES);

/** Ports of a class. */
export function drawPorts(kind: PortClass, random: Random): Ports {
  switch (kind) {
    case 'any':
      return { lo: 0, hi: 65535 };
    case 'high':
      return { lo: 1024, hi: 65535 };
    case 'exact': {
      const port = random() < OTHER_PORT_SHARE ? integerBetween(random, 1, 49151) : drawService(random);
      return { lo: port, hi: port };
    }
    case 'range': {
      if (random() >= OTHER_RANGE_SHARE) return drawRange(random);
      const lo = integerBetween(random, 1024, 60000);
      return { lo, hi: lo + integerBetween(random, 1, 500) };
    }
  }
}
