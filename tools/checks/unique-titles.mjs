import { testsByTitle } from './tests-by-title.mjs';

/**
 * Titles that stand more than once in a file, each as a line that says so: a test is named by its file and title, so two with the same name
 * cannot be told apart, neither in a report nor on the generated pages.
 *
 * @param {readonly { file: string, title: string }[]} tests
 */
export function repeatedTitles(tests) {
  const counts = new Map();
  for (const { file, title } of tests) {
    const key = JSON.stringify([file, title]);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts]
    .filter(([, count]) => count > 1)
    .map(([key, count]) => {
      const [file, title] = JSON.parse(key);
      return `${file} has ${count} tests with the title "${title}"`;
    });
}

export const checkTitles = () => repeatedTitles(testsByTitle());
