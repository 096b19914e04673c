import { Tabs } from '@base-ui/react/tabs';
import type { Status } from '../model/shapes.js';
import styles from './first-steps.module.css';
import { type Step, Steps } from './steps.js';
import { Tour } from './tour.js';

interface Runtime {
  readonly id: string;
  readonly name: string;
  readonly steps: (http: string, grpc: string) => readonly Step[];
}

const RUNTIMES: readonly Runtime[] = [
  {
    id: 'node',
    name: 'Node.js',
    steps: (http) => [
      { say: 'Add the SDK', code: 'npm install @throughline/sdk' },
      {
        say: 'Say where to send, and under which name',
        code: `export OTEL_EXPORTER_OTLP_ENDPOINT=${http}\nexport OTEL_SERVICE_NAME=my-api`,
      },
      { say: 'Start the program with it', code: 'node --import @throughline/sdk/node/register app.js' },
    ],
  },
  {
    id: 'node-code',
    name: 'Node.js, in code',
    steps: (http) => [
      { say: 'Add the SDK', code: 'npm install @throughline/sdk' },
      {
        say: 'Start it before everything else',
        code: `import { start } from '@throughline/sdk/node';\n\nstart({ serviceName: 'my-api', endpoint: '${http}' });`,
      },
    ],
  },
  {
    id: 'web',
    name: 'Browser',
    steps: (http) => [
      { say: 'Add the SDK', code: 'npm install @throughline/sdk' },
      {
        say: 'Start it first in the page’s entry',
        code: `import { start } from '@throughline/sdk/web';\n\nstart({ serviceName: 'my-page', endpoint: '${http}' });`,
      },
    ],
  },
  {
    id: 'otlp',
    name: 'Any OpenTelemetry SDK',
    steps: (http, grpc) => [
      {
        say: 'OTLP over HTTP, for any language’s SDK or the OpenTelemetry Collector',
        code: `export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf\nexport OTEL_EXPORTER_OTLP_ENDPOINT=${http}`,
      },
      {
        say: 'Or over gRPC',
        code: `export OTEL_EXPORTER_OTLP_PROTOCOL=grpc\nexport OTEL_EXPORTER_OTLP_ENDPOINT=${grpc}`,
      },
    ],
  },
  {
    id: 'curl',
    name: 'curl',
    steps: (http) => [{ say: 'One span by hand, from a shell', code: curl(http) }],
  },
];

function curl(http: string): string {
  const span = `{"traceId":"'$(openssl rand -hex 16)'","spanId":"'$(openssl rand -hex 8)'","name":"hello","kind":1,"startTimeUnixNano":"'$(date +%s)'000000000","endTimeUnixNano":"'$(date +%s)'250000000"}`;
  return `curl ${http}/v1/traces -H 'content-type: application/json' -d '{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"my-shell"}}]},"scopeSpans":[{"spans":[${span}]}]}]}'`;
}

/** What to paste, with this very collector's address in it. */
export function FirstSteps({ status, waiting }: { readonly status: Status; readonly waiting: boolean }) {
  const { otlpHttp, otlpGrpc } = status.receive;
  return (
    <div className={styles.page}>
      <div className={styles.column}>
        <h1>{waiting ? 'Send the first span' : 'Connect a program'}</h1>
        <p className={styles.lead}>
          This collector takes OTLP at <code>{otlpHttp}</code> (HTTP) and <code>{otlpGrpc}</code> (gRPC).
        </p>
        {waiting && status.tour !== undefined && <Tour shop={status.tour} trace={undefined} services={[]} />}
        <Tabs.Root defaultValue="node">
          <Tabs.List className={styles.tabs} aria-label="Runtime">
            {RUNTIMES.map((runtime) => (
              <Tabs.Tab key={runtime.id} value={runtime.id} className={styles.tab}>
                {runtime.name}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          {RUNTIMES.map((runtime) => (
            <Tabs.Panel key={runtime.id} value={runtime.id} className={styles.panel}>
              <Steps steps={runtime.steps(otlpHttp, otlpGrpc)} />
            </Tabs.Panel>
          ))}
        </Tabs.Root>
        {waiting ? (
          <p className={styles.waiting} role="status">
            <span className={styles.pulse} aria-hidden="true" />
            Waiting for the first span. This page shows it by itself when it arrives.
          </p>
        ) : null}
        <p className={styles.lead}>
          Nothing arrives? <code>npx throughline doctor {otlpHttp}</code> checks the way and says what is wrong.
        </p>
      </div>
    </div>
  );
}
