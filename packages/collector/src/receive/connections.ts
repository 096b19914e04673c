import type { Socket } from 'node:net';

/** The connections of a server. */
export interface Connections {
  open(socket: Socket): void;
  closeAll(): void;
}

/**
 * Bounds how many connections there are. One too many closes that which has been silent the longest: a crowd of connections that send nothing, or next to nothing, is pushed out by those that
 * do, whoever came first.
 */
export function createConnections(most: number): Connections {
  /** The one that was silent the longest stands first; each has what it had sent when it was last looked at. */
  const sockets = new Map<Socket, number>();

  /** Those that have sent something since go to the end of the line, and are met again, by now silent, if all others have too. */
  function closeQuietest(): void {
    for (const [socket, seen] of sockets) {
      if (socket.bytesRead - seen < PROGRESS_BYTES) {
        sockets.delete(socket);
        socket.destroy();
        return;
      }
      sockets.delete(socket);
      sockets.set(socket, socket.bytesRead);
    }
  }

  return {
    open(socket) {
      if (sockets.size >= most) closeQuietest();
      sockets.set(socket, socket.bytesRead);
      socket.once('close', () => sockets.delete(socket));
    },
    closeAll() {
      for (const socket of sockets.keys()) socket.destroy();
    },
  };
}

/** Less than a request has: a byte now and then is silence. */
const PROGRESS_BYTES = 256;
