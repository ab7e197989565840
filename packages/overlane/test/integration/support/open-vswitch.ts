import type { PrivateWorld, WorldProcess } from './private-world.js';
import { until } from './until.js';

const FOLDER = '/run/openvswitch-test';
const SCHEMA = '/usr/share/openvswitch/vswitch.ovsschema';
const ENVIRONMENT = ['env', `OVS_RUNDIR=${FOLDER}`, `OVS_LOGDIR=${FOLDER}`, `OVS_DBDIR=${FOLDER}`];
const DATABASE = `${FOLDER}/conf.db`;

/** Open vSwitch's daemons in one namespace of a private world, with a database of their own. Go with the world. */
export class OpenVswitch {
  readonly #world: PrivateWorld;
  readonly #namespace: string;
  readonly #daemons: readonly WorldProcess[];

  private constructor(world: PrivateWorld, namespace: string, daemons: readonly WorldProcess[]) {
    this.#world = world;
    this.#namespace = namespace;
    this.#daemons = daemons;
  }

  /** Starts them. @throws Error if they do not come up */
  static async start(world: PrivateWorld, namespace: string): Promise<OpenVswitch> {
    world.run('', ['mkdir', '-p', FOLDER]);
    world.run('', ['ovsdb-tool', 'create', DATABASE, SCHEMA]);
    const quiet = ['-vconsole:err', '-vsyslog:off', '-vfile:off'];
    const server = [...ENVIRONMENT, 'ovsdb-server', DATABASE, `--remote=punix:${FOLDER}/db.sock`, ...quiet];
    const daemons = [world.start(namespace, server)];
    const one = new OpenVswitch(world, namespace, daemons);
    await until(() => one.#attempt('--no-wait', 'init') === 0, 'ovsdb-server answers');
    daemons.push(world.start(namespace, [...ENVIRONMENT, 'ovs-vswitchd', `unix:${FOLDER}/db.sock`, ...quiet]));
    return one;
  }

  /** Runs `ovs-vsctl`, and waits until the daemon has done what it asks. @throws Error if it fails, with the daemons' messages */
  configure(...words: readonly string[]): void {
    const command = [...ENVIRONMENT, 'ovs-vsctl', '--timeout=10', ...words];
    const { status, stderr } = this.#world.attempt(this.#namespace, command);
    if (status === 0) return;
    throw new Error(`ovs-vsctl ended with ${status}: ${stderr}${this.#daemons.map((each) => each.stderr()).join('')}`);
  }

  #attempt(...words: readonly string[]): number | null {
    return this.#world.attempt(this.#namespace, [...ENVIRONMENT, 'ovs-vsctl', '--timeout=1', ...words]).status;
  }
}
