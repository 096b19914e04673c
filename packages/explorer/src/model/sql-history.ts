const KEY = 'throughline.sql';
const MOST = 50;

interface Place {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

/** Statements that were run in this browser, the newest first. */
export function readHistory(place: Place): readonly string[] {
  try {
    const all: unknown = JSON.parse(place.getItem(KEY) ?? '[]');
    return Array.isArray(all) ? all.filter((one): one is string => typeof one === 'string') : [];
  } catch {
    return [];
  }
}

/** A statement that is run again moves to the front. */
export function remember(place: Place, sql: string): readonly string[] {
  const all = [sql, ...readHistory(place).filter((one) => one !== sql)].slice(0, MOST);
  try {
    place.setItem(KEY, JSON.stringify(all));
  } catch {
    // Full, or forbidden: it is remembered as long as the page is open.
  }
  return all;
}
