/**
 * Which pages may send. Browsers let any page post a simple content type anywhere without asking first, and a name that
 * an attacker controls may point to this machine; so an `Origin` that is not known is refused whatever it sends.
 */
export interface Origins {
  /** No `Origin` is a program, not a page, and allowed. */
  allows(origin: string | undefined): boolean;
}

/** Pages served from this machine: Vite's and every other development server, and desktop shells. */
const LOOPBACK =
  /^(?:https?|tauri|capacitor|ionic):\/\/(?:(?:[\w-]+\.)*localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

/**
 * `patterns` are origins as a browser writes them (`https://shop.example.com`), `*` in one stands for anything without a dot or colon
 * (`https://*.example.com`), and `*` alone allows every page.
 */
export function createOrigins(patterns: readonly string[]): Origins {
  const known = patterns.map((pattern) =>
    pattern === '*'
      ? /^/
      : new RegExp(
          `^${pattern
            .replace(/\/+$/, '')
            .split('*')
            .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
            .join('[^.:/]*')}$`,
          'i',
        ),
  );
  return {
    allows: (origin) => origin === undefined || LOOPBACK.test(origin) || known.some((pattern) => pattern.test(origin)),
  };
}
