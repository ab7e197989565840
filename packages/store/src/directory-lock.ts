import { randomBytes } from 'node:crypto';
import { closeSync, constants, linkSync, openSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { StoreError } from './errors.js';

const LOCK_NAME = 'writer.sock';
const ATTEMPTS_MAX = 10;

/**
 * Holds a directory for one process. The lock is a Unix socket in the directory: the kernel lets go of it however its
 * owner ends, and it works across namespaces of processes and networks, which numbers of processes and abstract sockets
 * do not. Two processes that find the same dead lock at the same instant might both get it; the store's own fence, a token
 * in the file that each commit asks for, settles that.
 */
export class DirectoryLock {
  readonly #server: Server;
  readonly #directory: string;

  private constructor(server: Server, directory: string) {
    this.#server = server;
    this.#directory = directory;
  }

  /** Takes the lock. @throws StoreError E_STORE_LOCKED if another living process (or this one) has it */
  static async take(directory: string): Promise<DirectoryLock> {
    return inDirectory(directory, async (short) => {
      const name = `${short}/writer.${randomBytes(6).toString('hex')}`;
      const server = await listen(name);
      try {
        for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
          if (tryLink(name, `${short}/${LOCK_NAME}`)) return new DirectoryLock(server, directory);
          if (await answers(`${short}/${LOCK_NAME}`)) break;
          tryUnlink(`${short}/${LOCK_NAME}`);
        }
      } catch (error) {
        server.close();
        throw error;
      } finally {
        tryUnlink(name);
      }
      server.close();
      throw new StoreError(
        'E_STORE_LOCKED',
        directory,
        'another process has this store open, and only one may; stop it, or use another directory (several processes: etcd)',
      );
    });
  }

  /** Lets go. */
  release(): void {
    tryUnlink(`${this.#directory}/${LOCK_NAME}`);
    this.#server.close();
  }
}

/** Socket paths hold about 100 octets; on Linux a descriptor of the directory stands for any path. */
async function inDirectory<T>(directory: string, action: (short: string) => Promise<T>): Promise<T> {
  if (process.platform !== 'linux') return action(directory);
  const descriptor = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return await action(`/proc/self/fd/${descriptor}`);
  } finally {
    closeSync(descriptor);
  }
}

async function listen(path: string): Promise<Server> {
  const server = createServer((connection) => connection.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(path, resolve);
  });
  return server.unref();
}

async function answers(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      // Nobody listens any more, or the name is gone. A full queue of a busy owner is a living owner.
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
      else if (error.code === 'EAGAIN') resolve(true);
      else reject(error);
    });
  });
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function tryUnlink(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
