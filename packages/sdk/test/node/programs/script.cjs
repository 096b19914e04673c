const { start } = require('@throughline/sdk/node');

const telemetry = start();
telemetry.measure('from CommonJS', () => {});
console.log('done');
