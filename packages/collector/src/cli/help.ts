import { GATEWAY_SETTINGS } from './gateway-settings.js';
import { environmentName, SETTINGS, type Setting } from './settings.js';

export const HELP = `Throughline: one process that receives OpenTelemetry, keeps it and shows it.

  throughline up [options]       receive, keep and show telemetry       (throughline up --help)
  throughline gateway --to URL   receive, keep, hand on to another      (throughline gateway --help)
  throughline doctor [URL]       say why telemetry does not arrive      (throughline doctor --help)
  throughline import FILE…       hand in telemetry from files           (throughline import --help)
  throughline config             print a settings file with every setting explained
  throughline version            print versions
`;

const WIDTH = 78;

export function upHelp(): string {
  return `throughline up: receives OTLP (HTTP on 4318, gRPC on 4317), keeps it, serves the explorer (on 4319).

Each option can also be set by environment (${environmentName('otlp-http-port')} for --otlp-http-port)
or in a settings file (\`throughline config\` prints one). A flag counts before the environment,
the environment before the file.

  --config FILE
${wrap(`Settings file in YAML. Environment: ${environmentName('config')}.`)}
${optionsOf(SETTINGS)}
`;
}

export function gatewayHelp(): string {
  return `throughline gateway --to URL: receives OTLP (HTTP on 4318, gRPC on 4317, from an MQTT broker), writes it
to the disk, acknowledges it, and hands it on. It has no store and needs no engine.

To another Throughline each batch arrives exactly once, whatever is lost or killed on the way: its id
travels with it, and one that comes without gets one here. To other backends at least once, because
they do not know a second copy. What they refuse for good (400) is kept in a folder beside the data.

Each option can also be set by environment (${environmentName('otlp-http-port')} for --otlp-http-port;
${environmentName('header')} has a header a line) or in a settings file in YAML. A flag counts
before the environment, the environment before the file.

  --config FILE
${wrap(`Settings file in YAML. Environment: ${environmentName('config')}.`)}
${optionsOf(GATEWAY_SETTINGS)}
`;
}

function optionsOf(settings: readonly Setting[]): string {
  return settings
    .map((setting) => {
      const fallback = setting.fallback === undefined ? '' : ` Default: ${setting.fallback}.`;
      return `  --${setting.name} ${setting.placeholder}\n${wrap(setting.about + fallback)}`;
    })
    .join('\n');
}

/** A settings file in which nothing is set and everything is explained. */
export function settingsFile(): string {
  const settings = (SETTINGS as readonly Setting[]).map((setting) => {
    const value =
      setting.kind === 'list'
        ? `[${setting.placeholder.toLowerCase()}, …]`
        : String(setting.fallback ?? setting.placeholder.toLowerCase());
    return `${wrap(setting.about, '# ')}\n#${setting.name}: ${value}\n`;
  });
  return `# Settings of Throughline's collector, for \`throughline up --config FILE\`.
# What stands behind a # is the default or an example; remove the # to set it.

${settings.join('\n')}`;
}

function wrap(text: string, indent = '      '): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + line.length + word.length + 1 > WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((each) => indent + each).join('\n');
}
