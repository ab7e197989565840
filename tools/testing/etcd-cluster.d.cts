/** Files with PEM for the members' client side; `clientCa` makes them ask clients for a certificate it has signed. */
export interface EtcdClusterTls {
  readonly cert: string;
  readonly key: string;
  readonly clientCa?: string;
}

/** etcd members on loopback, with plain data directories under the system's temporary one. */
export class EtcdCluster {
  /** Starts 1 (default) or more members; they end with this process. Resolves when they can write (at once with TLS). */
  static start(options?: {
    readonly members?: number;
    readonly tls?: EtcdClusterTls;
    readonly flags?: readonly string[];
  }): Promise<EtcdCluster>;
  /** URL of each member. */
  readonly endpoints: string[];
  /** Where a member keeps its data. */
  dataDirectory(index: number): string;
  /** SIGKILL; resolves when the process is gone. */
  kill(index: number): Promise<void>;
  /** Starts a killed member on its old data; resolves when all living members can write. */
  restart(index: number): Promise<void>;
  /** Resolves when all living members can write. */
  ready(): Promise<void>;
  /** Number of the member that leads. */
  leader(): Promise<number>;
  /** Forgets what is older than `revision`. */
  compact(revision: bigint): Promise<void>;
  /** Kills all members and removes their data. */
  stop(): Promise<void>;
}
