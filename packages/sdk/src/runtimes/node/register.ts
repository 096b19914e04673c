import { dirname } from 'node:path';
import { readSettings } from './configuration/read-settings.js';
import { diagnosticSink } from './diagnostics.js';
import { installedInstrumentations } from './instrumentations/installed-instrumentations.js';
import { observeNodeRuntime, observeProcess } from './metrics.js';
import { start } from './start.js';

/*
 * `node --import @throughline/sdk/node/register server.mjs`: telemetry for a program that knows nothing of it. Everything comes from
 * the environment; the OpenTelemetry instrumentation packages that are installed with the program are used,
 * or those of them that `OTEL_NODE_ENABLED_INSTRUMENTATIONS=http,pg` names. `runtime-node` among them is this package's own.
 *
 * This is the one module that does its work when it is imported, because nobody is there to call it.
 */
const { logLevel, enabledInstrumentations, disabledInstrumentations, disabled } = readSettings(process.env).environment;
const entry = process.argv[1];

/** The name of OpenTelemetry's package for the same metrics; nothing has to be installed for ours. */
const ownMetrics = 'runtime-node';
const measured = !disabled && enabledInstrumentations?.includes(ownMetrics);

start({
  instruments: measured ? [observeNodeRuntime, observeProcess] : [],
  instrumentations: disabled
    ? []
    : installedInstrumentations({
        from: [...(entry ? [dirname(entry)] : []), process.cwd()],
        enabled: enabledInstrumentations?.filter((name) => !(measured && name === ownMetrics)),
        disabled: disabledInstrumentations,
        onDiagnostic: diagnosticSink(undefined, logLevel),
      }),
});
