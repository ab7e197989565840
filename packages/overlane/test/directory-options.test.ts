import { describe, expect, it } from '@jest/globals';
import { message, paddingFor } from '@overlane/directory';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeLookups, writeUpdates } from '../src/bench/directory/datagrams.js';
import { type DirectoryRow, ROW, judgeDirectory } from '../src/bench/directory/figures.js';
import { formatDirectoryReport } from '../src/bench/directory/directory-report.js';
import { endpointOption, formatEndpoint } from '../src/commands/directory/endpoints.js';
import { readKeys, readOrMakeKeys } from '../src/commands/directory/keys.js';
import { readPolicy } from '../src/commands/directory/policy-file.js';

function inFolder<T>(use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'overlane-options-'));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('options of overlane directory', () => {
  it.each([
    ['127.0.0.1:80', '127.0.0.1:80'],
    ['127.0.0.1', '127.0.0.1:7461'],
    ['[::1]:80', '[::1]:80'],
    ['::1', '[::1]:7461'],
  ])('reads %s as %s', (text, expected) => {
    expect(formatEndpoint(endpointOption(7461)(text))).toBe(expected);
  });

  it.each(['', 'host:1', '1.2.3.4:70000', '1.2.3.4:x', '[::1'])("refuses '%s'", (text) => {
    expect(() => endpointOption(7461)(text)).toThrow('IP address and a port');
  });

  it('makes a file of keys once, and reads one or two epochs', () => {
    inFolder((folder) => {
      const path = join(folder, 'keys');
      const made = readOrMakeKeys(path);
      expect([made.isNew, [...made.keys.keys()], made.keys.get(1)!.length]).toEqual([true, [1], 32]);
      expect(readOrMakeKeys(path)).toEqual({ keys: made.keys, isNew: false });
      writeFileSync(path, `# both\n1 ${'ab'.repeat(16)}\n2 ${'cd'.repeat(32)}\n`);
      expect([...readKeys(path).keys()]).toEqual([1, 2]);
      for (const bad of ['', '1 abcd', `256 ${'ab'.repeat(16)}`]) {
        writeFileSync(path, bad);
        expect(() => readKeys(path)).toThrow(/key/);
      }
    });
  });

  it('reads a policy, and names what is wrong with one', () => {
    inFolder((folder) => {
      const path = join(folder, 'policy');
      const read = (content: unknown): ReturnType<typeof readPolicy> => {
        writeFileSync(path, JSON.stringify(content));
        return readPolicy(path);
      };
      const groups = { db: [{ tenant: 7, address: '10.1.2.3' }] };
      const policy = read({ peerings: [[7, 9]], groups, deny: [['default', 'db']] });
      expect(policy).toMatchObject({ peerings: [[7, 9]], deny: [['default', 'db']], discloseDenied: false });
      expect(policy.groups!['db']![0]).toMatchObject({ tenant: 7, kind: 1 });
      expect(() => read({ peering: [] })).toThrow("no rule 'peering'");
      expect(() => read({ peerings: [[7]] })).toThrow('pairs of tenants');
      expect(() => read({ groups: { db: [{ tenant: 7, address: 'x' }] } })).toThrow("group 'db'");
    });
  });
});

describe('bench directory', () => {
  const row = (figures: DirectoryRow['figures'], problems: string[] = []): DirectoryRow[] => [
    { name: ROW.LOOKUPS, figures, problems },
  ];
  const verdicts = (rows: DirectoryRow[]): (boolean | null)[] =>
    judgeDirectory(rows, 1e6)
      .slice(0, 2)
      .map(({ met }) => met);

  it('judges what was measured, and nothing that is void or missing', () => {
    expect(verdicts(row({ perSecond: 60_000, p99Ms: 11 }))).toEqual([true, false]);
    expect(verdicts(row({ perSecond: 90_000, p99Ms: 1 }, ['void']))).toEqual([null, null]);
    expect(verdicts([])).toEqual([null, null]);
  });

  it('shows every row with what went wrong', () => {
    const machine = { cpu: 'x', cores: 2, load: 0, node: 'v', v8: 'v', peers: {}, date: 'd' };
    const text = formatDirectoryReport({ machine, mappings: 5, rows: row({ lost: 3 }, ['it rained']), targets: [] });
    expect(text).toContain('it rained');
    expect(text).toContain(ROW.LOOKUPS);
  });

  it('prepares datagrams of one length that a server takes, each with its number', () => {
    inFolder((folder) => {
      const path = join(folder, 'requests');
      for (const made of [
        writeLookups(`${path}-1`, 50, 20, 'none'),
        writeLookups(`${path}-2`, 50, 20, 'mutual'),
        writeUpdates(path, 50, 8, 20),
      ]) {
        const all = readFileSync(made.path);
        for (let i = 0; i < made.count; i++) {
          const decoded = message.decode(all.subarray(i * made.length, (i + 1) * made.length));
          expect(decoded.txidLo).toBe(i);
        }
      }
      expect(writeLookups(path, 1, 1, 'none').length).toBe(24 + 24 + 32 + paddingFor(1, 0));
    });
  });
});
