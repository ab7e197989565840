import { describe, expect, it } from '@jest/globals';
import { scale } from '../src/index.js';

describe('the arithmetic of scaling', () => {
  it('makes every cell of Table 1', () => {
    const { rows, fibEntries } = scale.scaleTable();
    expect(fibEntries).toEqual([16_384, 32_768, 65_536, 131_072]);
    expect(rows).toEqual([
      { ports: 24, vms: [108_612, 153_600, 217_223, 307_200] },
      { ports: 48, vms: [217_223, 307_200, 434_446, 614_400] },
      { ports: 72, vms: [325_835, 460_800, 651_670, 921_600] },
      { ports: 96, vms: [434_446, 614_400, 868_893, 1_228_800] },
      { ports: 120, vms: [543_058, 768_000, 1_086_116, 1_536_000] },
      { ports: 144, vms: [651_670, 921_600, 1_303_339, 1_843_200] },
    ]);
  });

  it("makes the two numbers of the paper's text: 650K and 1.3M", () => {
    expect(Math.round(scale.largestNetwork(72, 65_536).vms / 10_000) * 10_000).toBe(650_000);
    expect(Math.round(scale.largestNetwork(144, 65_536).vms / 100_000) * 100_000).toBe(1_300_000);
  });

  it('agrees with its equivalent form: sqrt(2F) edge switches with R/2 servers', () => {
    const { edgeSwitches, serversPerEdgeSwitch, vms } = scale.largestNetwork(144, 131_072);
    expect([edgeSwitches, serversPerEdgeSwitch]).toEqual([512, 72]);
    expect(edgeSwitches * serversPerEdgeSwitch * scale.VMS_PER_SERVER).toBe(vms);
    // Every edge MAC on E/2 VLANs fills the FIB.
    expect(scale.fibUse(edgeSwitches, vms, edgeSwitches / 2).netlord).toBe(131_072);
  });

  it('fits 164,474 HEREs a second, and a million entries into 64 MiB', () => {
    expect(Math.round(scale.heresPerSecond(10e9, 0.01))).toBe(164_474);
    expect(scale.nlArpTableOctets(1_000_000)).toBe(64 * 2 ** 20);
    expect(scale.nlArpTableOctets(1)).toBe(64);
  });

  it("counts what each design needs of a core switch's FIB", () => {
    expect(scale.fibUse(8, 1000, 4)).toEqual({ netlord: 32, spain: 4000, plain: 1000 });
  });
});
