// Installs what is missing: npm packages, then (as root on Debian or Ubuntu) the tools that the demo and the tests
// drive. Runs before any npm package is there, so it uses Node's built-ins only. All messages go to standard error.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from './support/repository.mjs';

/**
 * Tools from outside npm: the Debian package, what proves its presence elsewhere (a command, or a path), whether the
 * demo needs it, what is skipped without it, and the service that the package would start with the system.
 */
const NATIVE_TOOLS = [
  { debian: 'iproute2', proof: 'ip', demo: true, without: 'demo and tests on network namespaces' },
  { debian: 'iputils-ping', proof: 'ping', demo: true, without: 'demo and tests on network namespaces' },
  { debian: 'util-linux', proof: 'nsenter', demo: true, without: 'demo and tests on network namespaces' },
  { debian: 'iperf3', proof: 'iperf3', without: 'TCP transfers against the kernel and Open vSwitch' },
  { debian: 'ethtool', proof: 'ethtool', without: 'TCP transfers against the kernel and Open vSwitch' },
  { debian: 'tshark', proof: 'tshark', without: 'dissection of our packets by tshark' },
  { debian: 'nftables', proof: 'nft', without: "NetLord's switches on a kernel without VLAN devices" },
  { debian: 'tcpdump', proof: 'tcpdump', without: 'captures taken by tcpdump' },
  { debian: 'python3-scapy', proof: 'scapy', without: 'packets crafted by scapy, and its benchmark' },
  { debian: 'openvswitch-switch', proof: 'ovs-vswitchd', without: 'traffic with Open vSwitch' },
  { debian: 'etcd-server', proof: 'etcd', service: 'etcd', without: 'the directory and its store on etcd' },
  { debian: 'openssl', proof: 'openssl', without: 'the store on etcd over TLS' },
  { debian: 'golang-go', proof: 'go', without: 'the gopacket benchmark' },
  {
    debian: 'golang-github-google-gopacket-dev',
    proof: '/usr/share/gocode/src/github.com/google/gopacket',
    without: 'the gopacket benchmark',
  },
  { debian: 'gcc', proof: 'gcc', without: 'the DPDK benchmark' },
  { debian: 'pkg-config', proof: 'pkg-config', without: 'the DPDK benchmark' },
  { debian: 'libdpdk-dev', proof: '/usr/include/dpdk/rte_acl.h', without: 'the DPDK benchmark' },
];

const POLICY_FILE = '/usr/sbin/policy-rc.d';
const TUN_DEVICE = '/dev/net/tun';

/**
 * Installs what is missing for `purpose`. Quick (about 0.1 s) when all is there.
 *
 * @param {'start' | 'test'} purpose
 * @returns {boolean} false if npm packages could not be installed; missing native tools are named but do not fail
 */
export function setUp(purpose) {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    say(`Node ${process.versions.node} is too old. Install Node 20.19 or later, then run this again.`);
    return false;
  }
  if (!installNpmPackages()) return false;
  const tools = NATIVE_TOOLS.filter((tool) => purpose === 'test' || tool.demo);
  reportMissing(installNativeTools(tools));
  createTunDevice();
  return true;
}

function installNpmPackages() {
  const reason = npmInstallReason();
  if (reason === undefined) return true;
  say(`${reason}: running npm ci`);
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: ROOT, stdio: ['ignore', 2, 2] });
  if (npm.status === 0) return true;
  say('npm ci failed, see above. Check the network and package-lock.json, then run this again.');
  return false;
}

/** Why npm ci must run, or `undefined`. npm leaves its own record of what it installed; it must match the lock file. */
function npmInstallReason() {
  const record = join(ROOT, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return 'npm packages are not installed';
  const wanted = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages;
  const installed = JSON.parse(readFileSync(record, 'utf8')).packages;
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '') continue;
    const found = installed[path];
    if (found === undefined ? !entry.optional : found.version !== entry.version) {
      return `npm packages do not match package-lock.json (${path})`;
    }
  }
  return undefined;
}

/** Installs missing Debian packages where that is possible. Returns the tools that are missing after it. */
function installNativeTools(tools) {
  if (!isDebian()) return tools.filter(({ proof }) => !isPresent(proof));
  const missing = missingDebianPackages(tools);
  if (missing.length === 0 || process.getuid() !== 0) return missing;
  const names = missing.map(({ debian }) => debian);
  say(`installing Debian packages: ${names.join(' ')}`);
  if (!aptGet('update')) say('apt-get update failed, trying with the package lists that are there');
  withoutStartingServices(() => aptGet('install', '-y', '--no-install-recommends', ...names));
  for (const { service } of missing) if (service !== undefined) disableService(service);
  return missingDebianPackages(tools);
}

function isDebian() {
  if (!existsSync('/etc/os-release') || !isPresent('apt-get')) return false;
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync('/etc/os-release', 'utf8'));
}

function missingDebianPackages(tools) {
  const names = tools.map(({ debian }) => debian);
  const query = spawnSync('dpkg-query', ['-W', '-f=${Package} ${db:Status-Status}\n', ...names], { encoding: 'utf8' });
  const installed = new Set(query.stdout.split('\n').filter((line) => line.endsWith(' installed')));
  return tools.filter(({ debian }) => !installed.has(`${debian} installed`));
}

function aptGet(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync('apt-get', ['-q', ...args], { env, stdio: ['ignore', 2, 2] }).status === 0;
}

/** Tests start the daemons they need, in namespaces of their own; the system's must not run because we installed them. */
function withoutStartingServices(install) {
  const ours = !existsSync(POLICY_FILE);
  if (ours) writeFileSync(POLICY_FILE, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    install();
  } finally {
    if (ours) rmSync(POLICY_FILE);
  }
}

/** A package that came in for tests alone has no business running after the next start of the system either. */
function disableService(name) {
  if (isPresent('systemctl')) spawnSync('systemctl', ['disable', '--quiet', name], { stdio: ['ignore', 2, 2] });
}

function isPresent(proof) {
  if (proof.startsWith('/')) return existsSync(proof);
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => existsSync(join(folder, proof)));
}

function reportMissing(missing) {
  if (missing.length === 0) return;
  say('missing, and what is skipped without it:');
  for (const { debian, without } of missing) say(`  ${debian}: ${without}`);
  const names = missing.map(({ debian }) => debian).join(' ');
  if (isDebian()) say(`to install: sudo apt-get install --no-install-recommends ${names}`);
  else say('install them with the package manager of this system (these are their Debian names)');
}

/** Containers often lack the device file. Creating it takes root; an existing one keeps its mode. */
function createTunDevice() {
  if (process.platform !== 'linux' || existsSync(TUN_DEVICE)) return;
  if (process.getuid() !== 0) {
    say(`${TUN_DEVICE} is missing: TAP devices, and all that needs them, are skipped`);
    return;
  }
  mkdirSync('/dev/net', { recursive: true });
  const made = spawnSync('mknod', ['-m', '0666', TUN_DEVICE, 'c', '10', '200'], { encoding: 'utf8' });
  if (made.status === 0 && statSync(TUN_DEVICE).isCharacterDevice()) say(`created ${TUN_DEVICE}`);
  else say(`can't create ${TUN_DEVICE}: ${made.stderr.trim()}`);
}

function say(text) {
  console.error(`setup: ${text}`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const args = process.argv.slice(2);
  const purpose = args.length === 0 ? 'test' : args[1];
  if (args.length !== 0 && (args.length !== 2 || args[0] !== '--for' || !['test', 'start'].includes(purpose))) {
    console.error('usage: node tools/setup.mjs [--for test|start]');
    process.exit(2);
  }
  if (!setUp(purpose)) process.exit(1);
  say('ready');
}
