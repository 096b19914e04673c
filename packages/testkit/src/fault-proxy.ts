import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What happens to bytes on their way. Each can change while connections are open. */
export interface Faults {
  /** New connections are refused by closing them at once. */
  refuse?: boolean | undefined;
  /** Bytes are taken and go nowhere, in both directions; connections stay open. */
  swallow?: boolean | undefined;
  /** Each connection is cut after so many bytes to the receiver … */
  cutRequestAfter?: number | undefined;
  /** … or when the first byte of an answer comes back: the receiver has it all and the sender does not know. */
  cutAnswer?: boolean | undefined;
  /** Every piece is this late (milliseconds), in both directions. */
  delayMs?: number | undefined;
  /** Pieces of at most so many bytes reach the receiver. */
  pieceBytes?: number | undefined;
}

export interface FaultProxy {
  readonly url: string;
  /** Connections taken so far. */
  readonly connections: number;
  /** Replaces all faults; `{}` heals the way. Open connections stay as they are but for what they meet from now on. */
  set(faults: Faults): void;
  /** Resets what is open, as a network does that changes. */
  cutAll(): void;
  close(): Promise<void>;
}

/** A way over TCP to `target` (`http://127.0.0.1:4318`) on which things go wrong when told. */
export async function faultProxy(target: string): Promise<FaultProxy> {
  const { hostname, port, protocol } = new URL(target);
  const open = new Set<Socket>();
  let faults: Faults = {};
  let connections = 0;

  const server = createServer((near) => {
    connections++;
    if (faults.refuse) {
      near.destroy();
      return;
    }
    const far = connect(Number(port), hostname);
    let sent = 0;
    const end = () => {
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) {
      open.add(socket);
      socket.setNoDelay(true);
      socket.on('error', end);
      socket.on('close', () => {
        open.delete(socket);
        end();
      });
    }
    const later = (run: () => void) => (faults.delayMs ? void setTimeout(run, faults.delayMs) : run());
    near.on('data', (bytes) => {
      if (faults.swallow) return;
      const allowed = faults.cutRequestAfter === undefined ? bytes.length : faults.cutRequestAfter - sent;
      sent += bytes.length;
      const passed = bytes.subarray(0, Math.max(allowed, 0));
      const size = faults.pieceBytes ?? passed.length;
      later(() => {
        for (let at = 0; at < passed.length; at += size) if (!far.destroyed) far.write(passed.subarray(at, at + size));
        if (allowed < bytes.length) end();
      });
    });
    far.on('data', (bytes) => {
      if (faults.swallow) return;
      if (faults.cutAnswer) end();
      else later(() => !near.destroyed && near.write(bytes));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  const cutAll = () => {
    for (const socket of open) socket.resetAndDestroy();
  };
  return {
    url: `${protocol}//127.0.0.1:${(server.address() as AddressInfo).port}`,
    get connections() {
      return connections;
    },
    set(next) {
      faults = next;
    },
    cutAll,
    async close() {
      cutAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
