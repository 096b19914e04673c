import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Sends by a process of its own, which has made its requests before the time is taken; resolves with what it says of it. `options`: what sender.mjs takes. */
export async function runSender(options) {
  const sender = fork(fileURLToPath(new URL('./sender.mjs', import.meta.url)), [JSON.stringify(options)]);
  const message = () =>
    new Promise((resolve, reject) => {
      sender.once('message', resolve);
      sender.once('exit', (code) => reject(new Error(`the sender ended with ${code}`)));
    });
  await message();
  const done = message();
  sender.send('go');
  return done;
}
