/** The known name that somebody probably meant; `undefined` where none is near. */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  // A third of the name may be wrong, a letter always.
  let least = Math.max(Math.floor(name.length / 3), 1) + 1;
  for (const one of known) {
    const distance = editDistance(plain(name), plain(one));
    if (distance < least) {
      least = distance;
      nearest = one;
    }
  }
  return nearest;
}

/** `scheduleDelay`, `schedule-delay` and `schedule_delay` are one; so are a development version's name and the stable one. */
const plain = (name: string): string =>
  name
    .replace(/\/development$/, '')
    .replace(/[-_]/g, '')
    .toLowerCase();

/** How many letters have to be put in, left out or changed. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length]!;
}
