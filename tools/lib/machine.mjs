import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { run } from './run.mjs';
import { say } from './say.mjs';

/*
 * What the tests need of the machine beside Node. One list: `.ci/run` installs what is missing where it may (Debian, as root),
 * `npm test` only looks, and names what is skipped.
 */

const onPath = (name) =>
  [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', join(homedir(), '.cargo/bin')]
    .map((folder) => join(folder, name))
    .find(existsSync);
const first = (...paths) => paths.find((path) => path && existsSync(path));

/** `file` below one of the folders of libraries, whose names tell the processor: `/usr/lib/x86_64-linux-gnu/…`. */
function inLibraries(file) {
  const names = existsSync('/usr/lib') ? readdirSync('/usr/lib') : [];
  return first(`/usr/lib/${file}`, ...names.map((name) => `/usr/lib/${name}/${file}`), `/usr/libexec/${file}`);
}

/** Where packages of another release are unpacked. */
const UNPACKED = join(homedir(), '.cache/throughline/debian');

/**
 * `find` answers with the path of what was found. `variable` names another place for it. `packages` are Debian's; `unpack` is one of another release of it.
 *
 * @type {Readonly<Record<string, { packages: readonly string[], for: string, variable?: string, find(): string | undefined, unpack?: { release: string, package: string } }>>}
 */
const needs = {
  chromium: {
    packages: ['chromium'],
    for: 'pages in Chromium, the explorer, the shop',
    variable: 'CHROMIUM_PATH',
    find: () =>
      onPath('chromium') ??
      onPath('chromium-browser') ??
      onPath('google-chrome') ??
      first('/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'),
  },
  firefox: {
    packages: ['firefox-esr'],
    for: 'pages in Firefox',
    variable: 'FIREFOX_PATH',
    find: () => onPath('firefox-esr') ?? onPath('firefox') ?? first('/Applications/Firefox.app/Contents/MacOS/firefox'),
  },
  webkitDriver: {
    packages: ['webkit2gtk-driver'],
    for: 'pages in WebKitGTK, the desktop program',
    variable: 'WEBKIT_DRIVER_PATH',
    find: () => onPath('WebKitWebDriver'),
  },
  miniBrowser: {
    packages: ['libwebkit2gtk-4.1-0'],
    for: 'pages in WebKitGTK',
    variable: 'MINIBROWSER_PATH',
    find: () => inLibraries('webkit2gtk-4.1/MiniBrowser'),
  },
  xvfb: {
    packages: ['xvfb', 'xauth'],
    for: 'pages in WebKitGTK, the desktop program',
    find: () => onPath('Xvfb'),
  },
  webkitLibraries: {
    packages: ['libwebkit2gtk-4.1-dev'],
    for: 'building the desktop program',
    find: () => inLibraries('pkgconfig/webkit2gtk-4.1.pc'),
  },
  // Rust itself is not Debian's: what that has is too old for Tauri.
  cargo: { packages: [], for: 'the Rust crates, the desktop program', variable: 'CARGO', find: () => onPath('cargo') },
  prometheusClient: {
    packages: ['python3-prometheus-client'],
    for: 'scrapes read by Prometheus’s own library',
    find: () => first('/usr/lib/python3/dist-packages/prometheus_client/parser.py'),
  },
  mosquitto: { packages: ['mosquitto'], for: 'batches through an MQTT broker', find: () => onPath('mosquitto') },
  victoriaMetrics: {
    packages: [],
    // Older ones take no OTLP; it is unpacked beside, so that nothing of this machine's release changes.
    unpack: { release: 'trixie', package: 'victoria-metrics' },
    for: "metrics beside another store's answers",
    variable: 'VICTORIA_METRICS_PATH',
    find: () => first(join(UNPACKED, 'victoria-metrics/usr/bin/victoria-metrics')),
  },
  prometheus: {
    packages: [],
    // Older ones take no OTLP.
    unpack: { release: 'trixie', package: 'prometheus' },
    for: "answers beside Prometheus' own",
    variable: 'PROMETHEUS_PATH',
    find: () => first(join(UNPACKED, 'prometheus/usr/bin/prometheus')),
  },
  promtool: {
    packages: [],
    unpack: { release: 'trixie', package: 'promtool' },
    for: "questions by Prometheus' own client",
    variable: 'PROMTOOL_PATH',
    find: () => first(join(UNPACKED, 'promtool/usr/bin/promtool')),
  },
};

/** Path of what `name` stands for on this machine; `undefined` where it is not there. */
export function findOnMachine(name) {
  const { variable, find } = needs[name];
  return (variable && first(process.env[variable])) || find();
}

/** Names of what is not there. */
const missingOnMachine = () => Object.keys(needs).filter((name) => !findOnMachine(name));

/** Says what is not there and what is skipped for that. */
export function sayWhatIsMissing() {
  for (const name of missingOnMachine()) {
    const { packages, for: tests } = needs[name];
    say(`· no ${name} here${packages.length > 0 ? ` (Debian: ${packages.join(' ')})` : ''}: skipped by name: ${tests}`);
  }
}

/** Whether packages can be installed without asking anybody. */
const canInstall = () => process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');

/** Somebody else's apt-get may be at work; a network that is not there is given up soon. */
const APT_PATIENCE = ['DPkg::Lock::Timeout=300', 'Acquire::Retries=1', 'Acquire::http::Timeout=20'].flatMap(
  (option) => ['-o', option],
);

/** Installs what is missing, as far as that is possible without asking; never fails: what is still missing is skipped by name. */
export async function installOnMachine(names = Object.keys(needs)) {
  await unpackOnMachine(names.filter((name) => needs[name].unpack !== undefined && !findOnMachine(name)));
  const packages = names.filter((name) => !findOnMachine(name)).flatMap((name) => needs[name].packages);
  if (packages.length === 0 || !canInstall()) return;
  say(`· installing ${packages.join(', ')} (apt-get), because tests need them`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['install', '-y', '-qq', '--no-install-recommends', ...APT_PATIENCE, ...packages];
  await run('apt-get', ['update', '-qq', ...APT_PATIENCE], { quiet: true, env, limitMs: 3 * 60_000 });
  if ((await run('apt-get', install, { quiet: true, env, limitMs: 15 * 60_000 })) !== 0)
    say('✗ apt-get could not install them all');
}

/** Fetches packages of another release with lists of its own and unpacks them into a folder; installs nothing. */
async function unpackOnMachine(names) {
  const keys = '/usr/share/keyrings/debian-archive-keyring.gpg';
  if (names.length === 0 || !canInstall() || !existsSync(keys)) return;
  for (const name of names) {
    const { release, package: wanted } = needs[name].unpack;
    const folder = join(UNPACKED, wanted);
    say(`· unpacking ${wanted} of Debian ${release}, because tests need it`);
    for (const part of ['lists/partial', 'cache/archives/partial', 'deb'])
      mkdirSync(join(folder, part), { recursive: true });
    writeFileSync(
      join(folder, 'sources.list'),
      `deb [signed-by=${keys}] http://deb.debian.org/debian ${release} main\n`,
    );
    const options = [
      `Dir::Etc::sourcelist=${join(folder, 'sources.list')}`,
      'Dir::Etc::sourceparts=/dev/null',
      `Dir::State::lists=${join(folder, 'lists')}`,
      `Dir::Cache=${join(folder, 'cache')}`,
      // The user that apt would fetch as may not reach a home.
      'APT::Sandbox::User=root',
    ].flatMap((option) => ['-o', option]);
    options.push(...APT_PATIENCE);
    const quiet = { quiet: true, cwd: join(folder, 'deb'), limitMs: 3 * 60_000 };
    const isThere =
      (await run('apt-get', [...options, 'update', '-qq'], quiet)) === 0 &&
      (await run('apt-get', [...options, 'download', wanted], quiet)) === 0;
    for (const file of isThere ? readdirSync(join(folder, 'deb')) : [])
      await run('dpkg-deb', ['-x', join(folder, 'deb', file), folder], quiet);
    for (const part of ['lists', 'cache', 'deb']) rmSync(join(folder, part), { recursive: true, force: true });
    if (!findOnMachine(name)) say(`✗ ${wanted} could not be had`);
  }
}
