import type { Attributes } from '@opentelemetry/api';
import type { ComposableSampler, SamplingRule } from './composable.js';

/** Text in which `*` stands for anything (`/health*`, `GET /products/*`), or an expression. Of the whole, upper and lower case apart. */
export type RoutePattern = string | RegExp;

/** What a request may be known by: its route where a framework has named it, its path, its span's name. */
export function routeOf(name: string, attributes: Readonly<Attributes>): readonly string[] {
  const { 'http.route': route, 'url.path': path } = attributes;
  return [route, path, name].filter((one): one is string => typeof one === 'string');
}

/** Whether one of a request's names fits. */
export function routeMatcher(pattern: RoutePattern): (names: readonly string[]) => boolean {
  if (pattern instanceof RegExp) {
    // Without the memory that some expressions have of where they were.
    const expression = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ''));
    return (names) => names.some((name) => expression.test(name));
  }
  const parts = String(pattern).split('*');
  return (names) => names.some((name) => fits(name, parts));
}

/** Each part behind the one before, the first at the beginning, the last at the end; in one pass, so that no path takes long. */
function fits(name: string, parts: readonly string[]): boolean {
  const first = parts[0]!;
  if (parts.length === 1) return name === first;
  const last = parts.at(-1)!;
  if (!name.startsWith(first)) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return name.length - last.length >= at && name.endsWith(last);
}

/**
 * A rule for `composableRuleBased`: what begins with a route, path or span name that fits is left to `use`. When a span begins, servers know the path;
 * a framework's route often comes later, so patterns of `url.path` are the safer ones.
 *
 *     compositeSampler(composableParentThreshold(composableRuleBased([
 *       onRoute('/health*', composableAlwaysOff),
 *       onRoute('/products/*', composableProbability(0.1)),
 *       { when: () => true, use: composableAlwaysOn },
 *     ])))
 */
export function onRoute(route: RoutePattern, use: ComposableSampler): SamplingRule {
  const matches = routeMatcher(route);
  return { when: ({ name, attributes }) => matches(routeOf(name, attributes)), use };
}
