import { join } from 'node:path';

const REPOSITORY = join(__dirname, '..', '..', '..', '..', '..');

/**
 * Everything that nobody needs stands under /mnt, in a mount namespace of this command only: the repository and Node may
 * lie in a folder that root alone may enter, and /dev/net/tun may be root's alone, though the usual one is everybody's.
 */
const SET_UP = `set -e
mount -t tmpfs -o mode=0755 tmpfs /mnt
mkdir /mnt/repository
mount --bind "$1" /mnt/repository
touch /mnt/node
mount --bind "$2" /mnt/node
mknod -m 666 /mnt/tun c 10 200
mount --bind /mnt/tun /dev/net/tun
shift 2
cd /mnt
exec setpriv --reuid 65534 --regid 65534 --clear-groups \\
  /mnt/node /mnt/repository/packages/overlane/bin/overlane.js "$@"`;

/** The words of a command that runs `overlane` with `args` as the user nobody. Needs root. */
export function overlaneAsNobody(...args: readonly string[]): string[] {
  return ['unshare', '--mount', 'sh', '-c', SET_UP, 'sh', REPOSITORY, process.execPath, ...args];
}
