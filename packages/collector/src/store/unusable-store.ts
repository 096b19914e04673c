/** The store cannot be opened and trying again would not help. The message is for a person and says what to do. */
export class UnusableStoreError extends Error {
  override readonly name = 'UnusableStoreError';
}

const ELSEWHERE = 'or use a ClickHouse server with --clickhouse http://user:password@host:8123/database';

/** Why the embedded engine cannot run on this platform; `undefined` when it can. */
export function platformProblem(
  platform: string = process.platform,
  arch: string = process.arch,
  isMusl: boolean = platform === 'linux' && runsOnMusl(),
): string | undefined {
  const where =
    platform === 'win32'
      ? 'Windows: run Throughline inside WSL2,'
      : isMusl
        ? 'Linux with musl (Alpine): use an image with glibc (node:20-slim),'
        : (platform !== 'linux' && platform !== 'darwin') || (arch !== 'x64' && arch !== 'arm64')
          ? `${platform}/${arch}: use Linux or macOS on x64 or arm64,`
          : undefined;
  return where === undefined ? undefined : `The embedded engine (chDB) does not exist for ${where} ${ELSEWHERE}.`;
}

export function missingEngine(): string {
  return `The embedded engine is not installed: run \`npm i chdb\` beside throughline, ${ELSEWHERE}.`;
}

export function brokenEngine(detail: string): string {
  return `The embedded engine is installed but cannot be loaded (${detail}): reinstall it with \`npm i chdb\`, ${ELSEWHERE}.`;
}

function runsOnMusl(): boolean {
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
  return report?.header !== undefined && report.header.glibcVersionRuntime === undefined;
}
