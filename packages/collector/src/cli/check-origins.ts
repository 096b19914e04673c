import { UsageError } from './usage-error.js';

/** Throws `UsageError` for what no browser would ever say of itself. */
export function checkOrigins(origins: readonly string[]): void {
  for (const origin of origins) {
    if (origin === '*' || /^[a-z][a-z0-9+.-]*:\/\/[^/\s]+\/?$/i.test(origin)) continue;
    throw new UsageError(
      `--cors-origin must be an origin as a browser writes it, such as https://shop.example.com, without a path, or *, not "${origin}".`,
    );
  }
}
