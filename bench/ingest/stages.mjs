import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The collector's rooms, and what is not ours. */
const STAGES = [
  ['receive', /\/dist\/(?:receive|admit)\//],
  ['process', /\/dist\/process\//],
  ['spool', /\/dist\/spool\//],
  ['store', /\/dist\/store\//],
  ['node', /^node:/],
];

/**
 * Microseconds of processor per span by stage, from the profile that a process of Node left in `directory`: of its main thread, by the place where
 * the time was spent itself. What the system calls cost on libuv's threads stands in no profile.
 */
export function stagesOf(directory, spans) {
  const file = readdirSync(directory).find((name) => name.endsWith('.cpuprofile'));
  const profile = JSON.parse(readFileSync(join(directory, file), 'utf8'));
  const stageOf = new Map(
    profile.nodes.map(({ id, callFrame: { url, functionName } }) => [
      id,
      functionName === '(idle)'
        ? undefined
        : functionName === '(garbage collector)'
          ? 'garbage collector'
          : (STAGES.find(([, pattern]) => pattern.test(url))?.[0] ?? 'native and other'),
    ]),
  );
  const totals = new Map();
  profile.samples.forEach((id, at) => {
    const stage = stageOf.get(id);
    if (stage !== undefined) totals.set(stage, (totals.get(stage) ?? 0) + profile.timeDeltas[at]);
  });
  return [...totals].map(([stage, us]) => ({ stage, usPerSpan: us / spans })).sort((a, b) => b.usPerSpan - a.usPerSpan);
}
