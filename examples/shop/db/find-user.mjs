import { readFile } from 'node:fs/promises';

/** Ids of a user of this machine, as `spawn` takes them; `undefined` where there is no such user. */
export async function findUser(name) {
  const users = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const [, , uid, gid] =
    users
      .split('\n')
      .find((line) => line.startsWith(`${name}:`))
      ?.split(':') ?? [];
  return uid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}
