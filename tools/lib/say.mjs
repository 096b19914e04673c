/** Plain lines on standard error, so that standard output stays for results. */
export const say = (line) => process.stderr.write(`${line}\n`);

/** One clear sentence and a non-zero exit; a stack would only hide it. */
export function fail(line) {
  say(`✗ ${line}`);
  process.exit(1);
}
