/**
 * Classifiers in C and C++. A program of ours per library is compiled here and started for each row with that row's rules.
 * DPDK comes from Debian; Open vSwitch and CutSplit are built from public sources, see `docs/peers.md`.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Contestant } from '../contestant.js';
import type { PeerName } from '../suite.js';
import { answers, peerFile, run, wordsOf } from './commands.js';
import type { PeerKind, Started } from './peer.js';

/** A source tree of Open vSwitch in which `make` has run. */
const OVS_VARIABLE = 'OVERLANE_OVS_SOURCE';
/** A source tree of CutSplit. */
const CUTSPLIT_VARIABLE = 'OVERLANE_CUTSPLIT_SOURCE';
const OPTIMISED = ['-O2', '-march=native', '-w'];
const FOLDER = 'classifier';

/** DPDK's ACL library. */
export const dpdkPeer: PeerKind = {
  name: 'dpdk',
  remedy: 'Debian: gcc pkg-config libdpdk-dev',
  prepare: async ({ folder }) => {
    if (!(await answers('pkg-config', ['--exists', 'libdpdk'])) || !(await answers('gcc', ['--version']))) {
      return undefined;
    }
    const [version = 'unknown version'] = await wordsOf('pkg-config', ['--modversion', 'libdpdk']);
    const flags = await wordsOf('pkg-config', ['--cflags', 'libdpdk']);
    const libraries = await wordsOf('pkg-config', ['--libs', 'libdpdk']);
    const build = (source: string, program: string) =>
      run('gcc', [...OPTIMISED, ...flags, '-o', program, source, ...libraries]);
    return compiled('dpdk', 'c', folder, version, build);
  },
};

/** Open vSwitch's classifier and datapath caches. */
export const openvswitchPeer: PeerKind = {
  name: 'openvswitch',
  remedy: `see docs/peers.md, and set ${OVS_VARIABLE}`,
  prepare: async ({ folder }) => {
    const tree = process.env[OVS_VARIABLE];
    if (tree === undefined) return undefined;
    const archive = join(tree, 'lib/.libs/libopenvswitch.a');
    if (!existsSync(archive)) throw new Error(`${OVS_VARIABLE}: no lib/.libs/libopenvswitch.a there; run make`);
    const includes = ['', 'include', 'lib'].map((name) => `-I${join(tree, name)}`);
    const [, libraries = ''] = /^LIBS = (.*)$/m.exec((await run('cat', [join(tree, 'Makefile')])).stdout) ?? [];
    const linked = [archive, '-lpthread', '-lm', '-lrt', ...libraries.split(/\s+/).filter((word) => word !== '')];
    const build = (source: string, program: string) =>
      run('gcc', [...OPTIMISED, ...includes, '-I', peerFile(FOLDER), '-o', program, source, ...linked]);
    const { stdout } = await run('git', ['-C', tree, 'describe', '--always']).catch(() => ({ stdout: 'from source' }));
    return compiled('openvswitch', 'c', folder, stdout.trim(), build);
  },
};

/** CutSplit, by its authors. */
export const cutsplitPeer: PeerKind = {
  name: 'cutsplit',
  remedy: `see docs/peers.md, and set ${CUTSPLIT_VARIABLE}`,
  prepare: async ({ folder }) => {
    const tree = process.env[CUTSPLIT_VARIABLE];
    if (tree === undefined) return undefined;
    const sources = ['CutSplit/CutSplit.cpp', 'HyperSplit/HyperSplit.cpp', 'OVS/MapExtensions.cpp'];
    const theirs = sources.map((name) => join(tree, name));
    // The authors' own flags: their hashing does not compile for the newest instructions.
    const flags = ['-w', '-std=c++14', '-fpermissive', '-O3', `-I${tree}`, '-I', peerFile(FOLDER)];
    const build = (source: string, program: string) => run('g++', [...flags, '-o', program, source, ...theirs]);
    return compiled('cutsplit', 'cpp', folder, 'built from source', build);
  },
};

type Build = (source: string, program: string) => Promise<unknown>;

/** A peer whose programs are compiled when they are first asked for. */
function compiled(name: PeerName, suffix: string, folder: string, version: string, build: Build): Started {
  const built = new Set<string>();
  let files = 0;
  return {
    version,
    start: async (program) => {
      const executable = join(folder, program.source);
      if (!built.has(executable)) await build(peerFile(`${FOLDER}/${program.source}.${suffix}`), executable);
      built.add(executable);
      const args = program.files.map((text) => {
        const path = join(folder, `input-${name}-${files++}`);
        writeFileSync(path, text());
        return path;
      });
      return new Contestant(name, executable, args);
    },
    close: async () => undefined,
  };
}
