// node packages/directory-server/bench/fuzz.mjs [--datagrams N] [--seed N] [--json]
//
// Throws N hostile datagrams (default 100,000) at a lookup server that runs in a process of its own, over UDP on loopback:
// half of them in the mode `mutual`, half in `reply`. They are random octets, whole messages of all ten types with octets
// changed, cut or added, untagged ones, and ones with tags of other keys, for the other direction, or damaged after sealing.
// None of them is authentic. Fails if the server dies, if a reply is longer than its request, if the store or the table
// changes, or if a datagram got lost on the way without having been judged.
import { fork } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { KeyRing, TYPE, header, makeKeyId, message, seal } from '@overlane/directory';
import { DirectoryClient, hmacSha256 } from '@overlane/directory/node';
import { MASTER, createHostile } from './fuzz-datagrams.mjs';

const MAPPINGS = 64;
/** Datagrams between two barriers: what a socket's buffer holds if each is as long as can be. */
const WINDOW = 64;
const BARRIER_MS = 500;
const BARRIERS_MAX = 240;

async function main() {
  const { values } = parseArgs({
    options: {
      datagrams: { type: 'string', default: '100000' },
      seed: { type: 'string', default: String(randomInt(2 ** 31)) },
      json: { type: 'boolean', default: false },
    },
  });
  const total = Number(values.datagrams);
  const seed = Number(values.seed);
  if (!Number.isSafeInteger(total) || total < 2 || !Number.isSafeInteger(seed)) {
    console.error('usage: fuzz.mjs [--datagrams N] [--seed N] [--json]');
    process.exit(2);
  }
  const reports = [];
  for (const mode of ['mutual', 'reply']) reports.push(await fuzzMode(mode, Math.ceil(total / 2), seed));
  const ok = reports.every(({ failures }) => failures.length === 0);
  if (values.json) console.log(JSON.stringify({ seed, ok, reports }));
  else for (const report of reports) console.log(describe(report));
  console.log(ok ? `seed ${seed}: ok` : `seed ${seed}: FAILED`);
  process.exit(ok ? 0 : 1);
}

function describe({ mode, datagrams, judged, shed, replies, lengthened, seconds, rssMB, failures }) {
  const figures = `${datagrams} datagrams, ${judged} judged, ${shed} shed, ${replies} replies, ${lengthened} longer than their request`;
  return [`mode ${mode}: ${figures}, ${seconds} s, server ${rssMB} MB`, ...failures].join('\n  ');
}

async function fuzzMode(mode, count, seed) {
  const child = fork(fileURLToPath(new URL('fuzz-server.mjs', import.meta.url)), [mode]);
  const failures = [];
  let stopping = false;
  child.on('exit', (code, signal) => {
    if (!stopping) {
      console.error(`the server died: ${code ?? signal}`);
      process.exit(1);
    }
  });
  const [{ port }] = await once(child, 'message');
  const ask = async () => {
    child.send('state');
    return (await once(child, 'message'))[0];
  };
  await fill(port, mode);
  const before = await ask();
  const result = await bombard(port, count, seed);
  const after = await ask();
  const shed = after.shed - before.shed;
  const judged = after.datagrams - before.datagrams - result.barriers - shed;
  if (JSON.stringify(after.state) !== JSON.stringify(before.state)) {
    failures.push(`the state changed from ${JSON.stringify(before.state)} to ${JSON.stringify(after.state)}`);
  }
  if (result.lengthened > 0) failures.push(`replies longer than their request, such as ${result.example}`);
  // Barriers that were sent twice count as judged, so this errs by them at most.
  if (judged + shed < count) failures.push(`${count - judged - shed} datagrams were lost on the way`);
  if (!(await stillAnswers(port, mode))) failures.push('the server no longer answers');
  stopping = true;
  child.send('stop');
  await once(child, 'exit');
  const { replies, lengthened, seconds } = result;
  return {
    mode,
    datagrams: count,
    judged,
    shed,
    replies,
    lengthened,
    seconds,
    rssMB: after.rssMB,
    faults: after.faults,
    failures,
  };
}

const openClient = (port, mode) =>
  DirectoryClient.open({
    servers: [`127.0.0.1:${port}`],
    k: 1,
    deadlineMs: 20_000,
    rounds: 100,
    auth: {
      mode,
      hostId: 0,
      keyEpoch: 1,
      key: new KeyRing({ hmac: hmacSha256, masters: new Map([[1, MASTER]]) }).keyOf(makeKeyId(1, 0)),
    },
  });

async function fill(port, mode) {
  const client = await openClient(port, mode);
  const locators = [{ address: '192.0.2.1' }, { address: '192.0.2.2', encapsulation: 'geneve' }];
  const addresses = Array.from({ length: MAPPINGS }, (_, i) => `10.0.0.${i}`);
  await client.update(addresses.map((aa) => ({ op: 'put', tenant: 7, aa, locators, mac: '02:00:00:00:00:01' })));
  await client.close();
}

async function stillAnswers(port, mode) {
  const client = await openClient(port, mode);
  const mapping = await client.resolve({ tenant: 7, aa: '10.0.0.1', source: '10.0.0.2' });
  await client.close();
  return mapping.locators.length === 2;
}

/** Sends the datagrams, a window at a time, and looks at every reply. */
async function bombard(port, count, seed) {
  const socket = createSocket('udp4');
  socket.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.setRecvBufferSize(4 << 20);
  /** Length of each datagram by the number in its transaction id. */
  const lengths = new Uint16Array(count);
  const result = { replies: 0, lengthened: 0, example: '', barriers: 0, seconds: 0 };
  let passBarrier;
  socket.on('message', (reply) => {
    const number = header.readTxidLo(reply, 0);
    if (header.readTxidHi(reply, 0) === BARRIER_TXID) return number === result.barriers ? passBarrier() : undefined;
    result.replies++;
    if (reply.length <= (lengths[number] ?? 0)) return;
    result.lengthened++;
    result.example = `${reply.toString('hex')} for ${lengths[number]} octets`;
  });
  socket.on('error', () => undefined);
  const hostile = createHostile(seed);
  const keys = new KeyRing({ hmac: hmacSha256, masters: new Map([[1, MASTER]]) });
  const startMs = performance.now();
  for (let sent = 0; sent < count;) {
    for (const end = Math.min(count, sent + WINDOW); sent < end; sent++) {
      const datagram = hostile(sent);
      lengths[sent] = datagram.length;
      socket.send(datagram);
    }
    await barrier(socket, result, keys, (pass) => (passBarrier = pass));
  }
  result.seconds = Math.round((performance.now() - startMs) / 100) / 10;
  socket.close();
  return result;
}

const BARRIER_TXID = 0xbaaa_aaaa;

/** An authentic PING, repeated until it is answered: everything before it has been judged. */
async function barrier(socket, result, keys, onPass) {
  const ping = { type: TYPE.PING, txidHi: BARRIER_TXID, keyId: makeKeyId(1, 17), time: 0, tag: message.UNSEALED };
  for (let tries = 0; tries < BARRIERS_MAX; tries++) {
    result.barriers++;
    const datagram = message.encode({ ...ping, txidLo: result.barriers });
    seal(hmacSha256, keys.keyOf(ping.keyId), 'toServer', datagram);
    let timer;
    const passed = new Promise((resolve) => {
      onPass(() => resolve(true));
      timer = setTimeout(() => resolve(false), BARRIER_MS);
    });
    socket.send(datagram);
    const isPassed = await passed;
    clearTimeout(timer);
    if (isPassed) return;
  }
  console.error('the server does not answer any more');
  process.exit(1);
}

await main();
