// Runs one case of the integration tests on the built package, in a network namespace of its own, and prints its result
// as one JSON line: node --expose-gc child.mjs CASE
import { writeFileSync } from 'node:fs';
import * as ethernetCases from './ethernet-cases.mjs';
import * as tapOffloadCases from './tap-offload-cases.mjs';
import * as packetOffloadCases from './packet-offload-cases.mjs';
import * as packetCases from './packet-cases.mjs';
import * as tapCases from './tap-cases.mjs';
import * as threadCases from './thread-cases.mjs';
import * as tunCases from './tun-cases.mjs';
import * as underlayCases from './underlay-cases.mjs';

// New devices stay silent: no router solicitations, no group reports. The loop-back device has its ::1 all the same.
writeFileSync('/proc/sys/net/ipv6/conf/default/disable_ipv6', '1');
const cases = {
  ...ethernetCases,
  ...packetCases,
  ...packetOffloadCases,
  ...tapCases,
  ...tapOffloadCases,
  ...threadCases,
  ...tunCases,
  ...underlayCases,
};
console.log(JSON.stringify(await cases[process.argv[2]]()));
process.exit(0);
