import { expect, test } from 'vitest';
import { createDeferredStore } from './deferred-store.js';
import { type Store, StoreError } from './store.js';

const storeThatCloses = (onClose: () => void): Store =>
  ({
    kind: 'embedded',
    engineVersion: '1',
    health: () => ({ healthy: true }),
    close: async () => onClose(),
  }) as unknown as Store;

test('a store that is still being opened is closed as soon as it is open, before close() comes back', async () => {
  const said: string[] = [];
  let open = (_: Store): void => {};
  const store = createDeferredStore(
    'embedded',
    () =>
      new Promise((resolve) => {
        open = resolve;
      }),
    () => {},
  );
  const closing = store.close().then(() => said.push('close() came back'));
  open(storeThatCloses(() => said.push('closed')));
  await closing;
  expect(said).toEqual(['closed', 'close() came back']);
});

test('a server that is away is not waited for when the collector stops', async () => {
  let heard = (): void => {};
  const away = new Promise<void>((resolve) => {
    heard = resolve;
  });
  let tries = 0;
  const store = createDeferredStore(
    'cluster',
    async () => {
      tries++;
      throw new StoreError('away', 'Nobody answers.', true);
    },
    () => heard(),
  );
  const opened = store.opened.catch((error: Error) => error.message);
  await away;
  await store.close();
  expect(await opened).toBe('The collector is stopping.');
  expect(tries).toBe(1);
});
