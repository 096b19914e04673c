import type { Locks } from '../core/ports.js';

/** Of the programs that share a place: says to the others that this one lives, and tells which of them do. */
export interface WhoLives {
  /** This program's name among them. */
  readonly me: string;
  /** Whether it can be told who lives. Otherwise nobody is known to be dead, and leases have to end. */
  readonly knows: boolean;
  /** Whether the others can see that this one lives. */
  readonly living: boolean;
  /** Settles when the others can see that it lives; while it rests, at once. */
  live(): Promise<void>;
  /** The others may take what it left. Until `wake` it asks for no lock: a page that is kept for the way back is thrown away when one is granted. */
  rest(): void;
  wake(): void;
  readonly resting: boolean;
  /** Which of these are known to live no more. */
  dead(names: Iterable<string>): Promise<string[]>;
  /** Runs it unless another program, or this one, is about it already. What one finds half done, nobody should take for whole. */
  alone(run: () => Promise<void>): Promise<void>;
}

const lockOf = (name: string): string => `throughline:${name}`;

/**
 * A lock for each program, held as long as it lives: the browser or operating system gives it back for a program that has crashed. Its name is
 * 12 random letters and digits. `place` is what they share.
 */
export function whoLives(locks: Locks | undefined, place = ''): WhoLives {
  const me = Array.from({ length: 12 }, () => Math.floor(Math.random() * 36).toString(36)).join('');
  let alive: Promise<void> | undefined;
  let living = false;
  let resting = false;
  let times = 0;
  let release = (): void => {};
  return {
    me,
    knows: locks !== undefined,
    get living() {
      return living;
    },
    get resting() {
      return resting;
    },
    wake() {
      resting = false;
      void this.live();
    },
    async live() {
      if (resting) return;
      alive ??= new Promise((resolve) => {
        const asked = ++times;
        const held = () =>
          new Promise<void>((done) => {
            // It has come to rest before the others could see it.
            if (asked !== times) {
              resolve();
              return done();
            }
            release = done;
            living = true;
            resolve();
          });
        if (locks) locks.hold(lockOf(me), { ifAvailable: false }, held).catch(() => resolve());
        else resolve();
      });
      await alive;
    },
    rest() {
      resting = true;
      alive = undefined;
      living = false;
      times++;
      release();
    },
    async dead(names) {
      const gone = await Promise.all(
        [...names].map(async (name) => {
          if (!locks || resting || name === me) return [];
          const free = await locks.hold(lockOf(name), { ifAvailable: true }, async () => true).catch(() => undefined);
          return free ? [name] : [];
        }),
      );
      return gone.flat();
    },
    async alone(run) {
      if (resting) return;
      let running: Promise<void> | undefined;
      const once = () => {
        running = run();
        return running;
      };
      // Locks that cannot be asked for are none.
      await locks?.hold(`throughline in ${place}`, { ifAvailable: true }, once).catch(() => running ?? once());
      if (!locks) await run();
    },
  };
}
