import { createBindings } from '../bindings.js';
import type { Reader } from '../reader.js';
import { labelName } from './prometheus-names.js';
import { type Series, withLabel } from './values.js';

interface Replacement {
  readonly to: string;
  /** With `$1`, `${1}`, `$name`, `${name}` for what groups of the pattern found. */
  readonly replacement: string;
  readonly from: string;
  /** All of the label's value is to match it. */
  readonly pattern: string;
}

/**
 * `label_replace`. The pattern is matched by the engine: its patterns (RE2, as Prometheus has them) take no time that grows without bound, while those of JavaScript can stop the
 * process that also receives for as long as it lives.
 */
export async function labelReplace(
  reader: Reader,
  series: readonly Series[],
  { to, replacement, from, pattern }: Replacement,
): Promise<readonly Series[]> {
  const source = labelName(from);
  const target = to === '__name__' ? to : labelName(to);
  const found = await groupsOf(reader, [...new Set(series.map(({ labels }) => labels[source] ?? ''))], pattern);
  const names = groupNames(pattern);
  return series.map(({ labels, values }) => {
    const groups = found.get(labels[source] ?? '');
    if (groups === undefined) return { labels, values };
    const text = replacement.replace(/\$(?:\$|\{(\w+)\}|(\w+))/g, (all, braced, bare) => {
      if (all === '$$') return '$';
      const name: string = braced ?? bare;
      return groups[/^\d+$/.test(name) ? Number(name) : (names.get(name) ?? -1)] ?? '';
    });
    return { labels: withLabel(labels, target, text), values };
  });
}

/** For each text that matches, all of it and then its groups. */
async function groupsOf(
  reader: Reader,
  texts: readonly string[],
  pattern: string,
): Promise<ReadonlyMap<string, readonly string[]>> {
  if (texts.length === 0) return new Map();
  const bindings = createBindings();
  const rows = await reader.rows<{ readonly text: string; readonly found: readonly string[] }>(
    `SELECT text, extractGroups(text, ${bindings.bind('String', `^((?s:${pattern}))$`)}) AS found
     FROM (SELECT arrayJoin(${bindings.bind('Array(String)', texts)}) AS text) WHERE notEmpty(found)`,
    bindings,
  );
  return new Map(rows.map(({ text, found }) => [text, found]));
}

/** Which group each name is of. */
function groupNames(pattern: string): ReadonlyMap<string, number> {
  const names = new Map<string, number>();
  let groups = 0;
  // What is escaped and what stands in brackets opens no group.
  for (const [, name, opened] of pattern.matchAll(/\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?P?<(\w+)>|(\((?!\?))/gs)) {
    if (name === undefined && opened === undefined) continue;
    groups++;
    if (name !== undefined) names.set(name, groups);
  }
  return names;
}
