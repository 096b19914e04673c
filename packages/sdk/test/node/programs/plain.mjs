// Knows nothing of telemetry.

console.log('plain');
