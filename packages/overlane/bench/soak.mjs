// Mixed load through two switches for minutes, while ports come and go every second. Prints one JSON object, and ends with
// status 1 if memory or descriptors grow, packets stop, or the books do not add up.
// node packages/overlane/bench/soak.mjs [--minutes 10] [--encapsulation vxlan]   (built packages; Linux, iperf3, ip)
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { inNetworkNamespace } from '@overlane/netio';
import { imbalance, parseSwitchConfig } from '@overlane/switch';
import { startSwitch } from '@overlane/switch/runtime';

const NETWORK = 5001;
const HOSTS = ['192.0.2.1', '192.0.2.2'];
const STATIONS = ['10.0.0.1', '10.0.0.2'];
const CHURN_MS = 1000;
/** Share of the time before memory counts: compilers and caches fill up. */
const WARM_UP = 0.4;
const GROWTH_MAX = 0.05;
const STALL_MAX = 3;
const OFFLOADS = ['segmentation', 'none', 'checksum'];
/** A world of its own, which ends with its first process: nothing is left behind, whatever happens. */
const WORLD = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    encapsulation: { type: 'string', default: 'vxlan' },
    inside: { type: 'boolean', default: false },
  },
});
const seconds = Number(options.minutes) * 60;
if (!(seconds >= 10)) throw new TypeError(`--minutes must be at least 0.17, got ${options.minutes}`);
if (options.inside) await soak();
else enterWorld();

function enterWorld() {
  const user = process.getuid() === 0 ? [] : ['--user', '--map-root-user'];
  const inner = [process.execPath, '--expose-gc', fileURLToPath(import.meta.url), ...process.argv.slice(2), '--inside'];
  const script = ['sh', '-c', 'mount -t tmpfs tmpfs /run && exec "$@"', 'sh', ...inner];
  const child = spawn('unshare', [...user, ...WORLD, ...script], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill('SIGKILL'));
  child.once('close', (status) => (process.exitCode = status ?? 1));
}

async function soak() {
  const switches = await build();
  const traffic = startTraffic();
  const samples = [];
  const failures = [];
  let [stall, stallMax, last, added] = [0, 0, 0, 0];
  let churned;
  const startMs = performance.now();
  for (let turn = 0; performance.now() - startMs < seconds * 1000; turn++) {
    const device = `churn${turn % 1000}`;
    const offload = OFFLOADS[turn % OFFLOADS.length];
    await Promise.all(switches.map((one) => one.addPort({ name: device, network: NETWORK, offload })));
    if (churned !== undefined) await Promise.all(switches.map((one) => one.removePort(churned)));
    churned = device;
    added++;
    await sleep(CHURN_MS);
    const snapshots = await Promise.all(switches.map((one) => one.snapshot()));
    snapshots.forEach(({ ledger }, i) => {
      if (imbalance(ledger) !== 0) failures.push(`switch ${i + 1} lost ${imbalance(ledger)} packets without a name`);
    });
    const delivered = snapshots[1].ports.tap2.txPackets;
    stall = delivered > last ? 0 : stall + 1;
    stallMax = Math.max(stallMax, stall);
    last = delivered;
    globalThis.gc();
    samples.push({ rss: process.memoryUsage.rss(), descriptors: readdirSync('/proc/self/fd').length });
  }
  const [first, second] = await Promise.all(switches.map((one) => one.stop()));
  for (const child of traffic) child.kill('SIGKILL');
  report(samples, failures, { stallMax, added, ledgers: [first.ledger, second.ledger] });
}

function report(samples, failures, { stallMax, added, ledgers }) {
  const warm = samples.slice(Math.floor(samples.length * WARM_UP));
  const part = Math.ceil(warm.length / 3);
  const [before, after] = [warm.slice(0, part), warm.slice(-part)];
  const rss = [before, after].map((list) => median(list.map((sample) => sample.rss)));
  const descriptors = [before, after].map((list) => median(list.map((sample) => sample.descriptors)));
  const growth = rss[1] / rss[0] - 1;
  if (growth > GROWTH_MAX) failures.push(`resident memory grew by ${(growth * 100).toFixed(1)} %`);
  if (descriptors[1] > descriptors[0]) failures.push(`descriptors grew from ${descriptors[0]} to ${descriptors[1]}`);
  if (stallMax >= STALL_MAX) failures.push(`no packet arrived for ${stallMax} s`);
  const result = { ok: failures.length === 0, seconds, added, rss, growth, descriptors, stallMax, ledgers, failures };
  process.stdout.write(`${JSON.stringify(result)}\n`);
  process.exit(failures.length === 0 ? 0 : 1);
}

function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

async function build() {
  const names = ['h1', 'h2', 'v1', 'v2'];
  ip('', ...names.map((name) => `netns add ${name}`));
  const quiet = 'for f in /proc/sys/net/ipv6/conf/*/disable_ipv6; do echo 1 > $f; done';
  for (const name of names) run('ip', ['netns', 'exec', name, 'sh', '-c', `${quiet}; ip link set lo up`]);
  ip('', 'link add u1 mtu 1600 netns h1 type veth peer name u2 mtu 1600 netns h2');
  HOSTS.forEach((address, i) => ip(`h${i + 1}`, `addr add ${address}/24 dev u${i + 1}`, `link set u${i + 1} up`));
  for (const i of [1, 2]) await awaitLink(`h${i}`, `u${i}`);
  const switches = await Promise.all(
    HOSTS.map((address, i) => {
      const config = parseSwitchConfig({
        encapsulation: { type: options.encapsulation },
        underlay: { type: 'packet', address, mtu: 1600 },
        networks: [{ network: NETWORK, peers: [HOSTS[1 - i]] }],
        ports: [{ name: `tap${i + 1}`, network: NETWORK, mtu: 1500 }],
      });
      return inNetworkNamespace(`/run/netns/h${i + 1}`, () => startSwitch(config));
    }),
  );
  STATIONS.forEach((address, i) => {
    const [device, station] = [`tap${i + 1}`, `v${i + 1}`];
    ip(`h${i + 1}`, `link set ${device} netns ${station}`);
    ip(station, `addr add ${address}/24 dev ${device}`, `link set ${device} up`);
  });
  return switches;
}

/** TCP both ways, small and large datagrams: less than what the machine can, so that the sender does not starve the rest. */
function startTraffic() {
  const length = String(Math.ceil(seconds) + 5);
  const flows = [
    ['5201', '-b', '2G'],
    ['5202', '-R', '-b', '500M'],
    ['5203', '-u', '-l', '64', '-b', '5M'],
    ['5204', '-u', '-l', '1400', '-b', '50M'],
  ];
  return flows.flatMap(([port, ...rest]) => [
    start('v2', ['iperf3', '-s', '-p', port]),
    start('v1', [
      'sh',
      '-c',
      'sleep 1; exec "$@"',
      'sh',
      'iperf3',
      '-c',
      STATIONS[1],
      '-p',
      port,
      '-t',
      length,
      ...rest,
    ]),
  ]);
}

/** A packet socket opens on an interface that works, and the kernel takes a moment to say so. */
async function awaitLink(namespace, device) {
  for (let tries = 0; tries < 50; tries++) {
    if (run('ip', ['-n', namespace, '-br', 'link', 'show', device]).includes(' UP ')) return;
    await sleep(100);
  }
  throw new Error(`${device} has no link`);
}

function start(namespace, command) {
  return spawn('ip', ['netns', 'exec', namespace, ...command], { stdio: 'ignore' });
}

function ip(namespace, ...commands) {
  run('ip', [...(namespace === '' ? [] : ['-n', namespace]), '-batch', '-'], `${commands.join('\n')}\n`);
}

function run(file, words, input = '') {
  const { status, stdout, stderr } = spawnSync(file, words, { input, encoding: 'utf8', timeout: 20_000 });
  if (status !== 0) throw new Error(`${file} ${words.join(' ')} ended with ${status}: ${stderr}`);
  return stdout;
}
