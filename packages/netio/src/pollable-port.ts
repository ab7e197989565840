import type { Port } from '@overlane/wire';

/** A port with file descriptors that become readable when packets wait. */
export interface PollablePort extends Port {
  /** What a {@link Poller} watches. Owned by the port; empty once it is closed. */
  readonly fds: readonly number[];
}
