/** What receivers see in their logs (OTLP exporter specification, "User Agent"). The version follows package.json by a test. */
export const userAgent = 'Throughline-OTLP-Exporter-JavaScript/0.1.0';
